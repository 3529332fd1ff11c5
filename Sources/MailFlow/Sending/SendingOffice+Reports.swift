import Accounts
import DeliveryQueue
import Feedback
import MailAuthentication
import MailModel
import NIOCore
import Storage

/// Mails of ours, that tell senders what became of theirs.
extension SendingOffice {
    /// RFC 3464; never to a null path. `body`: where the mail goes back whole. `expiresAt`: of a
    /// delay, how long it is tried.
    func report(
        _ action: DeliveryReportMail.Action, _ status: EnhancedStatus, _ notice: DeliveryNotice,
        _ queued: QueuedRecipient, _ now: Timestamp, returning body: ByteBuffer? = nil,
        until expiresAt: Timestamp? = nil
    ) -> [AcceptedSending] {
        guard case .mailbox(let sender) = queued.mail.sender else { return [] }
        let id = MessageID(at: now, random: random)
        let recipient = queued.recipient
        let head = Array(queued.mail.head.readableBytesView)
        let original: DeliveryReportMail.Original =
            if let body {
                .whole((head + body.readableBytesView)[...])
            } else {
                .header(head[...])
            }
        let mail = DeliveryReportMail(
            id: id, at: now, domain: settings.returnDomain, to: sender,
            reportingMTA: settings.hostname, arrivedAt: queued.mail.acceptedAt,
            envelopeID: recipient.notification.envelopeID,
            recipients: [
                DeliveryReportMail.Recipient(
                    address: recipient.address,
                    originalRecipient: recipient.notification.originalRecipient, action: action,
                    status: status, remoteMTA: notice.remoteMTA, reply: notice.reply,
                    detail: notice.detail ?? recipient.detail,
                    lastAttemptAt: notice.attemptedAt ?? recipient.lastAttemptAt,
                    willRetryUntil: expiresAt)
            ],
            original: original)
        return [sending(mail.bytes, id, to: sender, about: queued.mail, now)]
    }

    private func sending(
        _ bytes: [UInt8], _ id: MessageID, to recipient: Mailbox, about mail: SentMailRecord,
        _ now: Timestamp
    ) -> AcceptedSending {
        let length = HeaderBlock(bytes[...]).length
        let body = ByteBuffer(bytes: bytes[length...])
        var head = ByteBuffer(bytes: signatures(Array(bytes[..<length]), body, now))
        head.writeBytes(bytes[..<length])
        var checksum = Checksum()
        checksum.update(head)
        checksum.update(body)
        let destination = routes.destination(of: recipient.domain)
        return AcceptedSending(
            mail: SentMailRecord(
                id: id, bodyID: MailID(at: now, random: random), account: mail.account,
                acceptedAt: now,
                facts: SendingFacts(
                    operation: SendingFacts.reportOperation, sourceIP: nil, caller: "martlet",
                    identity: settings.returnDomain.ascii),
                sender: .null, returnDomain: settings.returnDomain, head: head, bodyPlace: .row,
                bodyLength: body.readableBytes, checksum: checksum.value, is8Bit: false,
                isSMTPUTF8: recipient.localPart.utf8.contains { $0 > 127 },
                // RFC 8689 §5: what quotes a mail is protected as the mail was.
                tls: mail.tls == .verifiedOnward ? .verifiedOnward : .opportunistic),
            recipients: [
                SentRecipient(
                    key: SentRecipient.Key(mail: id, position: 0), address: recipient,
                    destination: destination, dueAt: now,
                    expiresAt: now.advanced(
                        bySeconds: plans.plan(for: destination).giveUpAfterSeconds))
            ], body: body)
    }

    /// With the keys of the domain that reports are from; none where it has none, or they cannot be
    /// used: senders learn what became of their mails without them, too.
    private func signatures(_ head: [UInt8], _ body: ByteBuffer, _ now: Timestamp) -> [UInt8] {
        guard let keys = try? senders.signingKeys(for: settings.returnDomain), !keys.isEmpty else {
            return []
        }
        var reader = SignedMailReader(header: head, forms: [SigningForm()])
        body.withUnsafeReadableBytes { reader.append($0) }
        return (try? keys.fields(for: reader.finish(), at: now)) ?? []
    }
}
