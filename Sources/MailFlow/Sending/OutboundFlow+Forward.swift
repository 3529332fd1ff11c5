import Accounts
package import Actions
import DeliveryQueue
import MailAuthentication
import MailModel
import NIOCore
import SMTPProtocol
import Storage

/// Mails that rules send on. They are composed of what came and go the way of all others from there:
/// **authorise** → **compose** → **suppress** → **seal** and **sign** → **commit**.
///
/// The return path is one of ours, as every sent mail's: SPF stands for it, and what comes back says
/// whom it is about. Whoever sent the mail is told of its end where it is known that it was they.
extension OutboundFlow: MailSubmitter {
    /// Of a mail in a file, in memory at once.
    private static let pieceBytes = 1_048_576

    package func forward(_ mail: ForwardedMail) async -> SubmitterAnswer {
        await withTaskExecutorPreference(executor) { await send(on: mail) }
    }

    private func send(on forwarded: ForwardedMail) async -> SubmitterAnswer {
        let now = time.now()
        let id = MessageID(at: now, random: random)
        let bodyID = MailID(at: now, random: random)
        do {
            let read = try read(forwarded.mail, forwarded.content)
            let header = try ForwardedHeader(forwarded, block: read.block, section: read.section)
            let body = try copy(
                forwarded.content.dropping(read.bodyStart), of: forwarded.mail, as: bodyID,
                BodyLines())
            do {
                let sending = try sending(
                    forwarded, id, bodyID, header, body, of: read.section, at: now)
                let answer = await committed(sending, body)
                guard case .taken(let id) = answer,
                    sending.recipients.allSatisfy({ $0.state == .bounced })
                else { return answer }
                return .bounced(id, Self.unverified(forwarded.identity))
            } catch {
                forget(bodyID, body)
                throw error
            }
        } catch let failure as StorageFailure {
            onFailure(failure)
            return .failed("\(failure)")
        } catch ForwardedHeader.Refusal.loop {
            return .refused("it goes in a circle: it was at \(forwarded.recipient.wireText) before")
        } catch ForwardedHeader.Refusal.unwritable(let text) {
            return .refused("“\(text)” stands in no header field")
        } catch let refusal as Refusal {
            return .failed("\(refusal)")
        } catch {
            settings.onUnsignable(forwarded.identity.domain, "\(error)")
            return .failed("it cannot be signed: \(error)")
        }
    }

    func committed(
        _ sending: AcceptedSending, _ body: BodySpool.Content
    ) async -> SubmitterAnswer {
        let result = await withCheckedContinuation { continuation in
            commit(sending, body) { continuation.resume(returning: $0) }
        }
        switch result {
        case .success(let id): return .taken(id)
        case .failure(let refusal): return .failed("\(refusal)")
        }
    }

    // MARK: What came

    /// The body as the sent mail's own: what is received and what is sent are kept for times of their
    /// own. With `lines`, long ones of it are broken.
    func copy(
        _ content: MailContent, of mail: MailRecord, as bodyID: MailID, _ lines: BodyLines?
    ) throws(StorageFailure) -> BodySpool.Content {
        var lines = lines
        var checksum = Checksum()
        if case .bytes(let bytes) = content {
            var body = lines?.take(bytes) ?? bytes.slice()
            if let rest = lines?.finish() { body.writeImmutableBuffer(rest) }
            checksum.update(body)
            return BodySpool.Content(
                memory: body, length: body.readableBytes, checksum: checksum.value)
        }
        let writer = try bodies.create(bodyID)
        do throws(StorageFailure) {
            var (position, length) = (0, 0)
            while position < content.length {
                let bytes = try content.piece(
                    of: mail.id, from: position, length: Self.pieceBytes, in: bodies)
                guard bytes.readableBytes > 0 else {
                    throw .damaged("mail \(mail.id) is shorter than what was accepted")
                }
                position += bytes.readableBytes
                var written = lines?.take(bytes) ?? bytes
                if position == content.length, let rest = lines?.finish() {
                    written.writeImmutableBuffer(rest)
                }
                checksum.update(written)
                try writer.write(written)
                length += written.readableBytes
            }
            try writer.finish()
            return BodySpool.Content(memory: nil, length: length, checksum: checksum.value)
        } catch {
            writer.abandon()
            throw error
        }
    }

    // MARK: What leaves

    private func sending(
        _ forwarded: ForwardedMail, _ id: MessageID, _ bodyID: MailID, _ header: ForwardedHeader,
        _ body: BodySpool.Content, of section: HeaderBlock, at now: Timestamp
    ) throws -> AcceptedSending {
        let envelope = forwarded.mail.envelope
        let identity = identities.identity(covering: forwarded.identity)
        let suppressed = try suppressed(forwarded.targets, envelope.mailFrom, at: now)
        let author = section.author
        let signed = try signer.seal(
            header.bytes, bodyID, body, as: forwarded.identity.domain,
            forwarded.mail.verdicts.map {
                SubmissionSigner.Found(verdicts: $0, author: author?.domain)
            },
            by: settings.hostname, at: now)
        let set = senders.configurationSet(for: forwarded.identity.domain)
        let mail = SentMailRecord(
            id: id, bodyID: bodyID, account: .main, acceptedAt: now,
            facts: SendingFacts(
                operation: SendingFacts.forwardOperation, sourceIP: nil,
                caller: forwarded.stableID,
                identity: identity ?? forwarded.identity.domain.ascii, configurationSet: set),
            sender: envelope.mailFrom,
            returnDomain: try returnDomain(for: forwarded.identity.domain),
            head: signed.bytes, bodyPlace: body.memory == nil ? .file : .row,
            bodyLength: body.length,
            checksum: body.checksum(behind: signed.bytes),
            is8Bit: signed.isBody8Bit || signed.bytes.hasBytesBeyondASCII,
            isSMTPUTF8: signed.bytes.hasBytesBeyondASCII && envelope.isSMTPUTF8
                || forwarded.targets.contains { $0.localPart.utf8.contains { $0 > 127 } },
            tls: envelope.requiresTLS
                ? .verifiedOnward : section.isTLSWaived ? .waived : .opportunistic,
            pool: set.flatMap { settings.pools[$0] })
        let isSenderKnown =
            forwarded.mail.verdicts?.provesSender(envelope.mailFrom, author: author) == true
        let recipients = forwarded.targets.enumerated().map { position, target in
            recipient(
                SentRecipient.Key(mail: id, position: position), target, dueAt: now,
                DeliveryNotification(
                    occasions: isSenderKnown ? nil : [],
                    originalRecipient: DeliveryNotification.original(forwarded.recipient)),
                suppressed, at: now)
        }
        var sending = AcceptedSending(
            mail: mail, recipients: recipients, body: body.memory,
            idempotencyKey: "rule:\(forwarded.stableID)")
        if identity == nil {
            bounce(&sending, because: forwarded.identity, at: now)
        } else {
            let told = office.announce(sending, suppressed: suppressed, returning: nil)
            (sending.deliveries, sending.reports) = (told.deliveries, told.reports)
        }
        if !sending.recipients.contains(where: \.state.isOpen) { sending.end() }
        return sending
    }

    private static func unverified(_ identity: Mailbox) -> String {
        "\(identity.wireText) is of no verified identity to send as"
    }

    /// Nobody is sent to as an identity that is not verified (any more): the mail comes back, to a
    /// sender who is known to be it.
    private func bounce(
        _ sending: inout AcceptedSending, because identity: Mailbox, at now: Timestamp
    ) {
        let problem = DeliveryProblem(
            .mail, status: EnhancedStatusCode(5, 7, 1),
            detail: Self.unverified(identity))
        let attempt = DeliveryAttempt(.failed(problem))
        for index in sending.recipients.indices {
            let queued = QueuedRecipient(mail: sending.mail, recipient: sending.recipients[index])
            let ending = TryEnding.failed(problem, attempt)
            let told = office.consequences(of: ending, for: queued, returning: nil)
            sending.recipients[index] = sending.recipients[index].after(ending, at: now)
            sending.deliveries += told.deliveries
            sending.reports += told.reports
        }
    }
}
