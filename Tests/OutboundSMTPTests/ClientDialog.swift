import DeliveryQueue
import Foundation
import MailModel
import NIOCore
import OutboundSMTP
import SMTPProtocol
import Storage
import Testing

/// A session played from a text. What happens to it:
///
///     S: text     a line of the server's; lines that follow each other come together
///     --          what follows comes later
///     ! mail      a mail is to be sent; ! tls, ! tls failed, ! gone, ! wait SECONDS, ! cancel,
///                 ! quit, ! unreadable (the content, when it is asked for)
///
/// and what it must do, in order:
///
///     C: text     a line of the client's
///     = word …    another output: opened, startTLS, delivered REPLY, failed STEP REASON, close
struct ClientDialog {
    private var session: SMTPClientSession
    private let mail: OutgoingMail
    private let chunk: Int
    private var now: Int64 = 0
    private var pending: [String] = []
    private var written = ""
    private var isUnreadable = false

    static func play(
        _ text: String, _ settings: SessionSettings, _ mail: OutgoingMail, chunk: Int
    ) -> [String] {
        var dialog = ClientDialog(settings, mail, chunk: chunk)
        return dialog.play(text)
    }

    private init(_ settings: SessionSettings, _ mail: OutgoingMail, chunk: Int) {
        session = SMTPClientSession(settings, now: 0)
        self.mail = mail
        self.chunk = chunk
    }

    /// What was not as it must be.
    private mutating func play(_ text: String) -> [String] {
        var problems: [String] = []
        var said = ""
        for line in text.split(separator: "\n").map(String.init) + ["--"] {
            if line.hasPrefix("S: ") {
                said += line.dropFirst(3) + "\r\n"
                continue
            }
            feed(said)
            said = ""
            if line.hasPrefix("! ") {
                problems += pending.map { "before \(line): \($0)" }
                pending = []
                happen(String(line.dropFirst(2)))
            } else if line.hasPrefix("C: ") || line.hasPrefix("= ") {
                let next = pending.isEmpty ? "nothing" : pending.removeFirst()
                if next != line { problems.append("\(line) was to come, and \(next) came") }
            }
        }
        return problems + pending.map { "at the end: \($0)" }
    }

    private mutating func feed(_ text: String) {
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            var input = ByteBuffer(bytes: bytes[start..<min(start + chunk, bytes.count)])
            session.receive(&input, at: now)
            takeOutputs()
        }
    }

    private mutating func happen(_ event: String) {
        let words = event.split(separator: " ")
        switch event {
        case "mail": session.deliver(mail, at: now)
        case "tls": session.secured("TLSv1.3", at: now)
        case "tls failed":
            session.handshakeFailed(TLSFailure(.certificateNotTrusted, "self-signed"))
        case "gone": session.disconnected("reset")
        case "cancel": session.cancel(at: now)
        case "quit": session.quit(at: now)
        case "unreadable": isUnreadable = true
        default:
            now += Int64(words[1]).map { $0 * 1000 } ?? 0
            session.timePassed(at: now)
        }
        takeOutputs()
    }

    private mutating func takeOutputs() {
        for output in session.takeOutputs() {
            switch output {
            case .write(let bytes): write(bytes)
            case .content: sendContent()
            case .startTLS: pending.append("= startTLS")
            case .opened: pending.append("= opened")
            case .finished(.success(let reply)): pending.append("= delivered \(reply.text)")
            case .finished(.failure(let failure)), .failed(let failure):
                pending.append("= failed \(failure.step) \(Self.words(failure.reason))")
            case .close: pending.append("= close")
            }
        }
    }

    private mutating func write(_ bytes: ByteBuffer) {
        written += String(buffer: bytes)
        while let end = written.range(of: "\r\n") {
            pending.append("C: \(written[..<end.lowerBound])")
            written = String(written[end.upperBound...])
        }
    }

    private mutating func sendContent() {
        if isUnreadable { session.contentFailed("EIO") }
        for case .bytes(let bytes) in mail.content {
            session.send(bytes, at: now)
            takeOutputs()
        }
    }

    private static func words(_ reason: SessionFailure.Reason) -> String {
        switch reason {
        case .refused(let reply): "refused \(reply.text)"
        case .unexpected(let reply): "unexpected \(reply.text)"
        case .fault(let fault): "\(fault)"
        case .timedOut(let seconds): "timedOut \(seconds)"
        case .lost(let reason): "lost \(reason)"
        case .addressMissing(let address): "addressMissing \(address)"
        case .noDescriptor: "noDescriptor"
        case .tls(let failure): "tls \(failure.kind.rawValue)"
        case .lacks(let lack): "lacks \(lack)"
        case .unsendable(let fault): "unsendable \(fault)"
        case .cancelled: "cancelled"
        }
    }
}

extension OutgoingMail {
    static func sample(
        from reversePath: ReversePath = .mailbox(Mailbox("us@us.example") ?? .broken),
        to recipient: Mailbox = Mailbox("you@them.example") ?? .broken,
        _ text: String = "Subject: x\r\n\r\n.dot\r\n", is8Bit: Bool = false,
        isSMTPUTF8: Bool = false, tls: TLSDemand = .opportunistic,
        notification: DeliveryNotification = DeliveryNotification()
    ) -> OutgoingMail {
        OutgoingMail(
            id: "mail", reversePath: reversePath, recipient: recipient,
            content: [.bytes(ByteBuffer(string: text))], is8Bit: is8Bit, isSMTPUTF8: isSMTPUTF8,
            tls: tls, notification: notification)
    }
}

extension Mailbox {
    /// One that no parser has looked at.
    static let broken = Mailbox(
        validatedLocalPart: "a\r\nDATA", domain: Domain(validatedASCII: "x.example> FOO"))
}
