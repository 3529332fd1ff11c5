import InboundSMTP
import MailFlow
import NIOCore
import SMTPProtocol
import Synchronization

/// The shell of a session for tests: no socket, a clock of its own, commits answered at once.
struct SessionDriver {
    private(set) var session: SMTPServerSession
    private(set) var text = ""
    /// The same with a line `@ seconds` where time has passed.
    private(set) var timedText = ""
    private var repliedAt: Int64 = 0
    private(set) var isClosed = false
    private(set) var events: [SessionEvent] = []
    private var now: Int64 = 0

    init(
        settings: SessionSettings, receiver: any MailReceiver, peer: String = "192.0.2.9"
    ) {
        session = SMTPServerSession(
            settings: settings, peer: SessionPeer(address: peer), receiver: receiver, now: 0,
            onDrain: {})
    }

    mutating func start() {
        session.start()
        perform()
    }

    mutating func feed(_ bytes: [UInt8], chunk: Int = 1_000_000) {
        var position = 0
        while position < bytes.count, !isClosed {
            let end = min(position + chunk, bytes.count)
            var buffer = ByteBuffer(bytes: bytes[position..<end])
            session.receive(&buffer, at: now)
            perform()
            position = end
        }
    }

    mutating func feed(_ text: String) {
        feed(Array(text.utf8))
    }

    mutating func handshake() {
        session.secured("TLSv1.3", at: now)
        perform()
    }

    mutating func shutDown() {
        session.shutDown()
        perform()
    }

    mutating func drain() {
        session.drained(at: now)
        perform()
    }

    mutating func endInput() {
        session.inputEnded()
        perform()
    }

    mutating func disconnect() {
        session.disconnected()
        perform()
    }

    /// Time passes as the shell's timer sees it: the session is asked at each of its deadlines.
    mutating func pass(seconds: Int64) {
        let end = now + seconds * 1000
        while let deadline = session.deadline, deadline <= end, !isClosed {
            now = max(now, deadline)
            session.timePassed(at: now)
            perform()
        }
        now = end
    }

    private mutating func perform() {
        var outputs = session.takeOutputs()[...]
        while let output = outputs.popFirst() {
            switch output {
            case .reply(let reply): take(reply)
            case .event(let event): events.append(event)
            case .close: isClosed = true
            case .startTLS, .heard: break
            case .commit(let intake):
                let outcome = Mutex<IntakeOutcome?>(nil)
                intake.finish { result in outcome.withLock { $0 = result } }
                guard let result = outcome.withLock({ $0 }) else { continue }
                session.committed(result, at: now)
                outputs += session.takeOutputs()
            }
        }
    }

    private mutating func take(_ reply: SMTPReply) {
        text += reply.wireText
        if now != repliedAt { timedText += "@ \(now / 1000)\r\n" }
        repliedAt = now
        timedText += reply.wireText
    }
}
