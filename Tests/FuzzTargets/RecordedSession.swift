import InboundSMTP
import MailFlow
import MailModel
import NIOCore
import SMTPProtocol
import Storage
import Synchronization

/// What a peer and a server see of a session.
struct SessionRecord: Equatable {
    /// Replies as sent and events as told, in order.
    var log: [String] = []
    var replies: [SMTPReply] = []
    var mails: [[UInt8]] = []
    var abandoned = 0
    var isClosed = false

    /// What holds of every session.
    func check(_ settings: SessionSettings) throws {
        for reply in replies {
            try require(reply.code >= 200 && reply.code < 600, "the code of \(reply)")
            for line in reply.wireText.split(separator: "\r\n") {
                // RFC 5321 §4.5.3.1.5, with its CRLF.
                try require(line.utf8.count <= 510, "a reply too long: \(line)")
                try require(line.utf8.allSatisfy { $0 >= 32 && $0 < 127 }, "a reply's characters")
            }
        }
        if let first = replies.first {
            try require([220, 554].contains(first.code), "no greeting")
        }
        try require(isClosed, "a session without an end")
        try require(mails.count <= settings.limits.mailsMax, "more mails than the limit")
        for mail in mails {
            try require(mail.count <= settings.limits.mailBytesMax, "a mail over its limit")
        }
    }
}

/// The shell of a session: no socket, a clock that the script moves, commits answered at once.
struct RecordedSession {
    private let settings: SessionSettings
    private let receiver: RecordingReceiver
    private var session: SMTPServerSession
    private var seen = SessionRecord()
    private var now: Int64 = 0

    init(settings: SessionSettings, receiver: RecordingReceiver) {
        self.settings = settings
        self.receiver = receiver
        session = SMTPServerSession(
            settings: settings, peer: SessionPeer(address: "192.0.2.9"), receiver: receiver,
            now: 0, onDrain: {})
    }

    var record: SessionRecord {
        var record = seen
        record.mails = receiver.mails.withLock { $0 }
        record.abandoned = receiver.abandoned.withLock { $0 }
        return record
    }

    mutating func start() {
        session.start()
        perform()
    }

    mutating func feed(_ bytes: ArraySlice<UInt8>) throws {
        guard !session.isClosed else { return }
        var buffer = ByteBuffer(bytes: bytes)
        session.receive(&buffer, at: now)
        perform()
        try checkHeld()
    }

    mutating func shakeHands() {
        guard case .handshake? = phase else { return }
        session.secured("TLSv1.3", at: now)
        perform()
    }

    mutating func pass(seconds: Int64) {
        let end = now + seconds * 1000
        while let deadline = session.deadline, deadline <= end, !session.isClosed {
            now = max(now, deadline)
            session.timePassed(at: now)
            perform()
        }
        now = end
    }

    mutating func shutDown() {
        session.shutDown()
        perform()
    }

    mutating func endInput() {
        session.inputEnded()
        perform()
        // A greeting that is held back is said first.
        pass(seconds: 10)
    }

    mutating func disconnect() {
        session.disconnected()
        perform()
        seen.isClosed = session.isClosed
    }

    private mutating func perform() {
        repeat {
            var outputs = session.takeOutputs()[...]
            while let output = outputs.popFirst() { perform(output) }
            if !session.wantsInput, isWaiting { goOn() }
        } while !session.outputs.isEmpty
    }

    /// What a closed session holds back is still said.
    private var isWaiting: Bool { !session.isClosed || session.deadline != nil }

    /// What is held back for a while is waited for; an intake has room again at once.
    private mutating func goOn() {
        if let deadline = session.deadline {
            now = deadline
            session.timePassed(at: now)
        } else {
            session.drained(at: now)
        }
    }

    private mutating func perform(_ output: SMTPServerSession.Output) {
        switch output {
        case .reply(let reply):
            seen.log.append("S: \(reply.wireText)")
            seen.replies.append(reply)
        case .event(let event): seen.log.append("E: \(Self.text(of: event))")
        case .close:
            seen.log.append("closed")
            seen.isClosed = true
        case .startTLS: seen.log.append("STARTTLS")
        case .heard: break
        case .commit(let intake):
            let outcome = Mutex<IntakeOutcome?>(nil)
            intake.finish { result in outcome.withLock { $0 = result } }
            guard let result = outcome.withLock({ $0 }) else { return }
            session.committed(result, at: now)
        }
    }

    private static func text(of event: SessionEvent) -> String {
        switch event {
        case .accepted(_, let envelope, let bytes): "accepted \(text(of: envelope)) \(bytes)"
        case .refused(let reply, let subject): "refused \(reply.code) \(subject)"
        case .cut(let path, let bytes): "cut \(path.wireText) \(bytes)"
        case .ended(let reply): "ended \(reply.code)"
        }
    }

    private static func text(of envelope: ReceivedEnvelope) -> String {
        let recipients = envelope.recipients.map(\.wireText)
        let flags = [envelope.isExtended, envelope.isSMTPUTF8, envelope.is8BitMIME]
        return "<\(envelope.mailFrom.wireText)> \(recipients) \(envelope.helo) "
            + "\(envelope.tls ?? "plain") \(flags)"
    }

    // MARK: What it holds

    private func part<Value>(_ name: String, _ type: Value.Type = Value.self) -> Value? {
        Mirror(reflecting: session).descendant(name) as? Value
    }

    private enum Phase { case handshake }

    private var phase: Phase? {
        Mirror(reflecting: session).descendant("phase").map { "\($0)" } == "handshake"
            ? .handshake : nil
    }

    /// Between two reads nothing waits to be read, but for what stands before a handshake.
    private func checkHeld() throws {
        guard !session.isClosed, phase == nil else { return }
        guard let inbox: ByteBuffer = part("inbox") else { throw FuzzFind("there is no inbox") }
        try require(inbox.readableBytes == 0, "\(inbox.readableBytes) bytes wait")
    }
}
