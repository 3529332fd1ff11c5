import MailModel
import NIOCore
import Storage
import Synchronization

/// One mail that is submitted, on its way in: its header section stays in memory, since it is
/// written anew; its body goes to the spool, with long lines broken.
final class SubmittedMail: MailIntake {
    private let bodyID: MailID
    private let envelope: ReceivedEnvelope
    private let details: MailDetails
    private let headerBytesMax: Int
    private let spool: BodySpool
    private let outbound: OutboundFlow
    private let logins: Logins
    private let text = Mutex((header: HeaderCollector(), lines: BodyLines()))

    init(
        bodyID: MailID, envelope: ReceivedEnvelope, details: MailDetails, headerBytesMax: Int,
        spool: BodySpool, outbound: OutboundFlow, logins: Logins
    ) {
        self.bodyID = bodyID
        self.envelope = envelope
        self.details = details
        self.headerBytesMax = headerBytesMax
        self.spool = spool
        self.outbound = outbound
        self.logins = logins
    }

    func append(_ bytes: ByteBuffer, onDrain: @escaping @Sendable () -> Void) -> IntakePressure {
        let (body, headerBytes) = text.withLock { text in
            var rest = bytes
            text.header.take(&rest)
            return (text.lines.take(rest), text.header.bytes.count)
        }
        guard headerBytes <= headerBytesMax else { return spool.refuse(.headerTooLarge) }
        return body.readableBytes > 0 ? spool.append(body, onDrain: onDrain) : .goOn
    }

    func finish(completion: @escaping @Sendable (IntakeOutcome) -> Void) {
        // Its bytes may have taken long: what an operator says of the key meanwhile holds.
        if let login = details.login, !logins.isActive(login.keyID) {
            spool.abandon()
            return completion(.refused(.loginRevoked))
        }
        _ = spool.append(text.withLock { $0.lines.finish() }) {}
        outbound.take(spool, completion: completion) { self.submission($0) }
    }

    func abandon() {
        spool.abandon()
    }

    private func submission(_ body: BodySpool.Content) -> Submission {
        var submission = Submission(
            operation: "SendRawEmail", caller: details.login?.name ?? "",
            sourceIP: envelope.peerAddress,
            sender: envelope.mailFrom, recipients: [], header: text.withLock { $0.header.bytes },
            bodyID: bodyID, body: body, trace: "with \(envelope.protocolName)A")
        let notifications = details.notifications
        submission.recipients = envelope.recipients.enumerated().map { index, mailbox in
            Submission.Recipient(
                mailbox: mailbox,
                notification: index < notifications.count
                    ? notifications[index] : DeliveryNotification())
        }
        submission.isSMTPUTF8 = envelope.isSMTPUTF8
        if envelope.requiresTLS { submission.tls = .verifiedOnward }
        return submission
    }
}

/// The bytes of a header section as they come, to and with its empty line.
struct HeaderCollector {
    private(set) var bytes: [UInt8] = []
    private var isWhole = false

    /// Takes what belongs to the header section; what follows it stays. Lines end in CRLF.
    mutating func take(_ input: inout ByteBuffer) {
        guard !isWhole, input.readableBytes > 0 else { return }
        let old = bytes.count
        bytes += input.readableBytesView
        guard let end = end(from: max(0, old - 3)) else {
            input.moveReaderIndex(to: input.writerIndex)
            return
        }
        isWhole = true
        input.moveReaderIndex(forwardBy: end - old)
        bytes.removeLast(bytes.count - end)
    }

    /// Behind the first empty line, looked for from `start` on.
    private func end(from start: Int) -> Int? {
        if start == 0, bytes.starts(with: [13, 10]) { return 2 }
        var place = start
        while let found = bytes[place...].firstIndex(of: 13) {
            guard found + 4 <= bytes.count else { return nil }
            if bytes[(found + 1)..<(found + 4)] == [10, 13, 10] { return found + 4 }
            place = found + 1
        }
        return nil
    }
}
