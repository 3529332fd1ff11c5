import Accounts
package import Actions
import DeliveryQueue
import MailModel
import NIOCore
import Storage

/// Mails that rules hand on to a host for their recipients: **read** → **commit**.
///
/// Nothing of what a sent mail gets is theirs: they are not ours to sign, their envelope stays as it
/// came, and whoever has their mail at that host gets it whatever a suppression list says.
extension OutboundFlow {
    package func relay(_ mail: RelayedMail) async -> SubmitterAnswer {
        await withTaskExecutorPreference(executor) { await handOn(mail) }
    }

    private func handOn(_ relayed: RelayedMail) async -> SubmitterAnswer {
        guard let destination = routes.destination(ofRelay: relayed.relay) else {
            return .failed("the configuration has no relay “\(relayed.relay)”")
        }
        let now = time.now()
        let bodyID = MailID(at: now, random: random)
        do throws(StorageFailure) {
            let (head, rest) = try split(relayed)
            let body = try copy(rest, of: relayed.mail, as: bodyID, nil)
            let sending: AcceptedSending
            do throws(StorageFailure) {
                sending = try handingOn(relayed, bodyID, head, body, to: destination, at: now)
            } catch {
                forget(bodyID, body)
                throw error
            }
            return await committed(sending, body)
        } catch {
            onFailure(error)
            return .failed("\(error)")
        }
    }

    /// The header section, as events show it, and what is behind it.
    private func split(
        _ relayed: RelayedMail
    ) throws(StorageFailure) -> (head: ByteBuffer, rest: MailContent) {
        var head = relayed.front
        head.writeImmutableBuffer(
            try relayed.rest.piece(
                of: relayed.mail.id, from: 0, length: settings.headerBytesMax, in: bodies))
        let section = HeaderBlock(Array(head.readableBytesView)[...]).length
        // All of what stands in `front` is in no file.
        let length = max(section, relayed.front.readableBytes)
        let rest = relayed.rest.dropping(length - relayed.front.readableBytes)
        return (head.readSlice(length: length) ?? head, rest)
    }

    private func handingOn(
        _ relayed: RelayedMail, _ bodyID: MailID, _ head: ByteBuffer, _ body: BodySpool.Content,
        to destination: String, at now: Timestamp
    ) throws(StorageFailure) -> AcceptedSending {
        let envelope = relayed.mail.envelope
        let id = MessageID(at: now, random: random)
        let (_, isBody8Bit) = try signer.read(bodyID, body, [], isSigned: false)
        let author = HeaderBlock(Array(head.readableBytesView)[...]).author
        let isUnknownSender =
            relayed.mail.verdicts?.provesSender(envelope.mailFrom, author: author) != true
        let mail = SentMailRecord(
            id: id, bodyID: bodyID, account: .main, acceptedAt: now,
            facts: SendingFacts(
                operation: SendingFacts.relayOperation, sourceIP: nil, caller: relayed.stableID,
                identity: identity(of: relayed)),
            sender: envelope.mailFrom, returnDomain: settings.returnDomain, head: head,
            bodyPlace: body.memory == nil ? .file : .row, bodyLength: body.length,
            checksum: body.checksum(behind: head),
            is8Bit: isBody8Bit || head.hasBytesBeyondASCII,
            isSMTPUTF8: relayed.isSMTPUTF8(head),
            tls: envelope.requiresTLS ? .verifiedOnward : .opportunistic)
        let expiresAt = now.advanced(bySeconds: plans.plan(for: destination).giveUpAfterSeconds)
        let recipients = relayed.recipients.enumerated().map { position, address in
            SentRecipient(
                key: SentRecipient.Key(mail: id, position: position), address: address,
                destination: destination, dueAt: now, expiresAt: expiresAt,
                // Nor does the next host write to whom somebody made up.
                notification: DeliveryNotification(occasions: isUnknownSender ? [] : nil))
        }
        var sending = AcceptedSending(
            mail: mail, recipients: recipients, body: body.memory,
            idempotencyKey: "rule:\(relayed.stableID)")
        sending.deliveries = office.announce(sending, suppressed: [:], returning: nil).deliveries
        return sending
    }

    private func identity(of relayed: RelayedMail) -> String {
        guard let recipient = relayed.recipients.first else { return settings.hostname.ascii }
        return identities.identity(covering: recipient) ?? recipient.domain.ascii
    }
}

extension RelayedMail {
    /// Whether the next host has to take SMTPUTF8. Some clients ask for it in front of plain mails,
    /// which any host takes.
    fileprivate func isSMTPUTF8(_ head: ByteBuffer) -> Bool {
        let envelope = mail.envelope
        var mailboxes = recipients
        if case .mailbox(let sender) = envelope.mailFrom { mailboxes.append(sender) }
        return envelope.isSMTPUTF8 && head.hasBytesBeyondASCII
            || mailboxes.contains { $0.localPart.utf8.contains { $0 > 127 } }
    }
}
