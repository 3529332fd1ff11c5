import InboundSMTP
import MailFlow
import MailModel
import NIOCore
import SMTPProtocol
import Storage
import Synchronization

/// The shell of a session: no socket, and a clock that the script moves.
///
/// Like the real one it reads no further while the session wants nothing, but for what one reading
/// of the socket has brought already.
struct RecordedSession {
    private static let piecesARead = 4
    /// A greeting or an answer, and then 421, an event for each, and the end.
    private static let outputsHeldMax = 6
    /// Looking into a session takes longer than what it does with a byte.
    private static let stepsALook = 16

    private let settings: SessionSettings
    private let receiver: RecordingReceiver
    /// Whether commits and what is held back wait for the script, instead of coming at once.
    private let isPatient: Bool
    private var session: SMTPServerSession
    private var seen = SessionRecord()
    private var now: Int64 = 0
    /// What the peer has sent and nobody has read.
    private var unread: [ArraySlice<UInt8>] = []
    /// What was read since the session wanted something.
    private var read: (pieces: Int, bytes: Int) = (0, 0)
    /// What came of the commit under way.
    private var commit: Commit?
    private var isShuttingDown = false
    private var steps = 0

    private final class Commit: Sendable {
        let outcome = Mutex<IntakeOutcome?>(nil)
    }

    init(settings: SessionSettings, receiver: RecordingReceiver, isPatient: Bool) {
        self.settings = settings
        self.receiver = receiver
        self.isPatient = isPatient
        session = SMTPServerSession(
            settings: settings, peer: SessionPeer(address: "192.0.2.9"), receiver: receiver,
            now: 0, onDrain: {})
    }

    var record: SessionRecord {
        get throws {
            let faults = receiver.faults.withLock { $0 }
            try require(faults.isEmpty, "\(faults)")
            try requireEqual(receiver.open.withLock { $0 }, 0, "mails without an end")
            var record = seen
            record.mails = receiver.mails.withLock { $0 }
            record.abandoned = receiver.abandoned.withLock { $0 }
            return record
        }
    }

    // MARK: What happens

    mutating func start() throws {
        session.start()
        try perform()
    }

    mutating func feed(_ bytes: ArraySlice<UInt8>) throws {
        guard !seen.isCut, !bytes.isEmpty else { return }
        unread.append(bytes)
        try perform()
    }

    mutating func shakeHands() throws {
        guard !seen.isCut, isInHandshake else { return }
        session.secured("TLSv1.3", at: now)
        try perform()
    }

    mutating func pass(seconds: Int64) throws {
        let end = now + seconds * 1000
        while let deadline = session.deadline, deadline <= end {
            now = max(now, deadline)
            session.timePassed(at: now)
            try perform()
        }
        now = end
    }

    mutating func shutDown() throws {
        guard !seen.isCut else { return }
        isShuttingDown = true
        session.shutDown()
        try perform()
    }

    /// The time for an orderly end is over.
    mutating func cutOff() throws {
        guard !seen.isCut else { return }
        if !isShuttingDown { try shutDown() }
        session.cutOff()
        try perform()
    }

    mutating func answerCommit() throws {
        receiver.commit()
        try perform()
    }

    /// The peer is gone, and what it sent without being read with it.
    mutating func disconnect() throws {
        guard !seen.isCut else { return }
        seen.isCut = true
        unread = []
        session.disconnected()
        try perform()
    }

    /// The peer sends no more, and listens to the end.
    mutating func endInput() throws {
        while !unread.isEmpty { try settle() }
        if !seen.isCut {
            session.inputEnded()
            try perform()
        }
        while commit != nil || (!session.isClosed && !seen.isCut) || session.deadline != nil {
            try settle()
        }
        seen.isClosed = seen.isClosed || (seen.isCut && session.isClosed)
        try checkHeld()
    }

    /// What the script did not wait for comes now.
    private mutating func settle() throws {
        let before = (unread.count, seen.log.count, now, commit == nil)
        try answerCommit()
        try pass(seconds: 10)
        try require(
            before != (unread.count, seen.log.count, now - 10_000, commit == nil)
                || session.deadline != nil, "a session that waits for nothing")
    }

    // MARK: The session's outputs

    private mutating func perform() throws {
        repeat {
            var outputs = session.takeOutputs()[...]
            while let output = outputs.popFirst() { try perform(output) }
        } while goOn()
        steps += 1
        if steps % Self.stepsALook == 1 { try checkHeld() }
    }

    /// What a shell does next without being told; false where there is nothing.
    private mutating func goOn() -> Bool {
        if let commit, let outcome = commit.outcome.withLock({ $0 }) {
            self.commit = nil
            session.committed(outcome, at: now)
            return true
        }
        guard !seen.isCut else { return !session.outputs.isEmpty }
        if session.wantsInput { read = (0, 0) }
        if let next = unread.first, session.wantsInput || read.pieces < Self.piecesARead {
            unread.removeFirst()
            read = (read.pieces + 1, read.bytes + next.count)
            var buffer = ByteBuffer(bytes: next)
            session.receive(&buffer, at: now)
            return true
        }
        return waitForTheServer()
    }

    private mutating func waitForTheServer() -> Bool {
        if session.isClosed, session.deadline == nil { unread = [] }
        guard !session.wantsInput, commit == nil else { return false }
        if let deadline = session.deadline {
            guard !isPatient else { return false }
            now = deadline
            session.timePassed(at: now)
            return true
        }
        guard !session.isClosed else { return false }
        // An intake has room again at once.
        session.drained(at: now)
        return true
    }

    private mutating func perform(_ output: SMTPServerSession.Output) throws {
        switch output {
        case .reply(let reply):
            try require(!seen.isClosed, "\(reply) behind the end")
            // Nobody hears it.
            guard !seen.isCut else { return }
            seen.log.append("S: \(reply.wireText)")
            seen.replies.append(reply)
        case .event(let event): seen.log.append("E: \(Self.text(of: event))")
        case .close:
            try require(!seen.isClosed, "two ends")
            seen.log.append("closed")
            seen.isClosed = true
        case .startTLS: seen.log.append("STARTTLS")
        case .heard: break
        case .commit(let intake):
            try require(commit == nil, "two commits at once")
            let commit = Commit()
            self.commit = commit
            intake.finish { result in commit.outcome.withLock { $0 = result } }
        }
    }

    private static func text(of event: SessionEvent) -> String {
        switch event {
        case .accepted(_, let envelope, let bytes): "accepted \(text(of: envelope)) \(bytes)"
        case .submitted(_, let envelope, let bytes): "submitted \(text(of: envelope)) \(bytes)"
        case .loggedIn(let name): "logged in \(name)"
        case .refused(let reply, let subject, _): "refused \(reply.code) \(subject)"
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

    private var isInHandshake: Bool {
        Mirror(reflecting: session).descendant("phase").map { "\($0)" } == "handshake"
    }

    /// Between two reads nothing waits to be read, but for what stands before a handshake and what
    /// was read at once; a line is held up to its limit, and outputs while one answer is held back.
    private func checkHeld() throws {
        var inbox: Int?
        var line: Int?
        var outputs = 0
        // A descendant for each would take most of a run's time.
        for part in Mirror(reflecting: session).children {
            switch part.label {
            case "inbox": inbox = (part.value as? ByteBuffer)?.readableBytes
            case "lines":
                let buffer = Mirror(reflecting: part.value).descendant("buffer") as? ByteBuffer
                line = buffer?.readableBytes
            case "hold":
                let held = Mirror(reflecting: part.value).descendant("some", "outputs")
                outputs = (held as? [SMTPServerSession.Output])?.count ?? 0
            default: break
            }
        }
        guard let inbox, let line else { throw FuzzFind("a session has other parts") }
        try require(outputs <= Self.outputsHeldMax, "\(outputs) outputs wait")
        try require(line <= settings.limits.commandBytesMax, "\(line) bytes of a line wait")
        // Nor behind the end, once the last reply is said.
        let isAtRest = session.wantsInput || (session.isClosed && session.deadline == nil)
        let inboxMax = isAtRest ? 0 : read.bytes
        guard inbox > inboxMax, !isInHandshake else { return }
        throw FuzzFind("\(inbox) bytes wait")
    }
}
