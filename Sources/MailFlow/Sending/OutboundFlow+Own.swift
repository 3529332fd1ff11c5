import Accounts
import Actions
import DeliveryQueue
import MailModel
import NIOCore
import Storage

/// A mail of the server's own, that a rule has sent because of one that came: to one recipient, from
/// the null path, so that nothing answers it. RFC 3834 §3.3
struct OwnMail {
    var to: Mailbox
    /// Whom it is from, and whose keys sign it: an address of a verified identity.
    var author: Mailbox
    /// `SendingFacts.operation`
    var operation: String
    /// Of the action.
    var stableID: String
    /// The mail that it is about asked for that. RFC 8689 §5
    var requiresTLS: Bool
    /// Nil: it is sent once for the action.
    var occasion: Occasion?

    /// What it is sent once for.
    struct Occasion {
        /// Of the store; not one that begins with a length, as those of callers do.
        var key: String
        var keptDays: Int
        /// What is said of the next one in that time.
        var repeated: String
    }
}

extension OutboundFlow {
    /// **authorise** → **suppress** → **compose** → **sign** → **commit**. `compose`: header section and
    /// body in 7-bit lines.
    func sendOwn(
        _ own: OwnMail,
        compose: (MessageID, Timestamp) -> [UInt8]
    ) async -> SubmitterAnswer {
        guard let identity = identities.identity(covering: own.author) else {
            return .refused("\(own.author.wireText) is of no verified identity to send as")
        }
        let now = time.now()
        do {
            guard try suppressed([own.to], .null, at: now).isEmpty else {
                return .withheld("the suppression list has \(own.to.wireText)")
            }
            let id = MessageID(at: now, random: random)
            let sending = try sending(
                compose(id, now), id, own, identity: identity, at: now)
            return try await committedOnce(sending, own)
        } catch let failure as StorageFailure {
            onFailure(failure)
            return .failed("\(failure)")
        } catch let refusal as Refusal {
            return .failed("\(refusal)")
        } catch {
            settings.onUnsignable(own.author.domain, "\(error)")
            return .failed("it cannot be signed: \(error)")
        }
    }

    private func sending(
        _ bytes: [UInt8], _ id: MessageID, _ own: OwnMail, identity: String, at now: Timestamp
    ) throws -> AcceptedSending {
        let length = HeaderBlock(bytes[...]).length
        let memory = ByteBuffer(bytes: bytes[length...])
        var checksum = Checksum()
        checksum.update(memory)
        let body = BodySpool.Content(
            memory: memory, length: memory.readableBytes, checksum: checksum.value)
        let bodyID = MailID(at: now, random: random)
        let signed = try signer.seal(
            Array(bytes[..<length]), bodyID, body, as: own.author.domain, nil,
            by: settings.hostname, at: now)
        let set = senders.configurationSet(for: own.author.domain)
        var sending = AcceptedSending(
            mail: SentMailRecord(
                id: id, bodyID: bodyID, account: .main, acceptedAt: now,
                facts: SendingFacts(
                    operation: own.operation, sourceIP: nil, caller: own.stableID,
                    identity: identity, configurationSet: set),
                sender: .null, returnDomain: settings.returnDomain, head: signed.bytes,
                bodyPlace: .row, bodyLength: body.length,
                checksum: body.checksum(behind: signed.bytes), is8Bit: false,
                isSMTPUTF8: own.to.localPart.utf8.contains { $0 > 127 },
                tls: own.requiresTLS ? .verifiedOnward : .opportunistic,
                pool: set.flatMap { settings.pools[$0] }),
            recipients: [
                recipient(
                    SentRecipient.Key(mail: id, position: 0), own.to, dueAt: now,
                    DeliveryNotification(occasions: []), [:], at: now)
            ], body: memory, idempotencyKey: own.occasion?.key ?? "rule:\(own.stableID)")
        if let occasion = own.occasion {
            sending.keyKeptSeconds = Int64(occasion.keptDays) * 86_400
        }
        sending.deliveries = office.announce(sending, suppressed: [:], returning: nil).deliveries
        return sending
    }

    /// Whatever was sent under its key before is this mail: what differs are the words.
    private func committedOnce(
        _ sending: AcceptedSending, _ own: OwnMail
    ) async throws(StorageFailure) -> SubmitterAnswer {
        let result = await withCheckedContinuation { continuation in
            store.accept(sending) { continuation.resume(returning: $0) }
        }
        switch try result.get() {
        case .accepted(let id):
            onAccepted(sending)
            return .taken(id)
        case .repeated(let id), .conflicting(let id):
            guard let occasion = own.occasion else { return .taken(id) }
            return .withheld("\(occasion.repeated); the last was \(id.text)")
        }
    }
}
