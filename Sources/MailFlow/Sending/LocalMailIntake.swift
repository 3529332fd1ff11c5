import MailModel
import NIOCore
import Synchronization

/// One mail of a local program, on its way in: its header section stays in memory, is completed at
/// the end, and takes the way of every mail that is sent.
final class LocalMailIntake: MailIntake {
    private let envelope: LocalEnvelope
    private let bodyID: MailID
    private let headerBytesMax: Int
    private let spool: BodySpool
    private let outbound: OutboundFlow
    private let reader = Mutex(LocalMailReader())

    init(
        _ envelope: LocalEnvelope, bodyID: MailID, headerBytesMax: Int, spool: BodySpool,
        outbound: OutboundFlow
    ) {
        self.envelope = envelope
        self.bodyID = bodyID
        self.headerBytesMax = headerBytesMax
        self.spool = spool
        self.outbound = outbound
    }

    func append(_ bytes: ByteBuffer, onDrain: @escaping @Sendable () -> Void) -> IntakePressure {
        let (body, headerBytes) = reader.withLock { reader in
            (reader.take(bytes), reader.headerBytes)
        }
        guard headerBytes <= headerBytesMax else { return spool.refuse(.headerTooLarge) }
        return body.readableBytes > 0 ? spool.append(body, onDrain: onDrain) : .goOn
    }

    func finish(completion: @escaping @Sendable (IntakeOutcome) -> Void) {
        let (rest, header, lines) = reader.withLock { reader in
            (reader.finish(), reader.header, reader.writtenLines)
        }
        _ = spool.append(rest) {}
        let envelope: Completed
        do throws(Refusal) {
            envelope = try completed(header, of: lines)
        } catch {
            spool.abandon()
            return completion(.refused(error))
        }
        outbound.take(spool, completion: completion) { [envelope] body in
            var submission = self.submission(
                envelope.header, envelope.sender, envelope.recipients, body)
            submission.isSMTPUTF8 = envelope.isSMTPUTF8
            return submission
        }
    }

    func abandon() {
        spool.abandon()
    }

    private func submission(
        _ header: [UInt8], _ sender: ReversePath, _ recipients: [Mailbox],
        _ body: BodySpool.Content
    ) -> Submission {
        let (mail, user) = (envelope.mail, envelope.user)
        var submission = Submission(
            operation: "SendRawEmail", caller: user.word, sourceIP: nil, sender: sender,
            recipients: recipients.map {
                Submission.Recipient(mailbox: $0, notification: mail.notification)
            },
            header: header, bodyID: bodyID, body: body,
            trace: "(from user \(user.word), uid \(user.id))")
        submission.idempotencyKey = mail.idempotencyKey
        submission.digest = mail.digest(header, sender, recipients, body)
        submission.sendAt = mail.sendAt
        return submission
    }

    /// The header as it is submitted, and the envelope with what the header says of it.
    private struct Completed {
        var header: [UInt8]
        var sender: ReversePath
        var recipients: [Mailbox]
        /// Somebody whom envelope or header name has an address that ASCII cannot say. RFC 6531
        var isSMTPUTF8: Bool
    }

    /// `lines` says of each line of `header` which one it was as it was written.
    private func completed(
        _ header: [UInt8], of lines: [Int]
    ) throws(Refusal) -> Completed {
        var author = envelope.author
        if case .mailbox(let sender) = envelope.sender { author = sender }
        let whole = LocalHeader(
            completing: header, domain: envelope.domain, author: author,
            authorName: envelope.mail.authorName)
        let read: SubmittedHeader
        var recipients = envelope.recipients
        do throws(HeaderRefusal) {
            read = try SubmittedHeader(whole.bytes[...], bytesMax: headerBytesMax)
            if envelope.mail.takesHeaderRecipients {
                var seen = Set(recipients)
                recipients += try read.recipients.filter { seen.insert($0).inserted }
            }
        } catch {
            let added = whole.addedLines
            throw .unreadableHeader(
                error.moved { line in
                    lines.indices.contains(line - 1 - added) ? lines[line - 1 - added] : line
                })
        }
        guard !recipients.isEmpty else {
            throw .unsendable("Message rejected: To, Cc and Bcc name nobody.")
        }
        guard recipients.count <= OutboundFlow.recipientsMax else {
            throw .unsendable("Recipient count exceeds \(OutboundFlow.recipientsMax).")
        }
        let sender =
            envelope.sender ?? .mailbox(read.asks.returnPath ?? read.sender ?? read.from[0])
        var named = recipients + read.authorities
        if case .mailbox(let sender) = sender { named.append(sender) }
        return Completed(
            header: whole.bytes, sender: sender, recipients: recipients,
            isSMTPUTF8: named.contains { $0.localPart.utf8.contains { $0 > 127 } })
    }
}
