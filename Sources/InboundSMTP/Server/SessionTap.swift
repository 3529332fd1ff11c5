import MailFlow
import NIOCore
import SMTPProtocol

/// What one session tells those who watch. Decides what may be told: sizes of data instead of
/// bytes, and no credentials.
struct SessionTap {
    private let traces: SessionTraces
    private var session: TracedSession?
    private var generation = 0
    /// A client that tried AUTH may go on with its credentials, whatever the answer was.
    private var hasSeenAuth = false

    init(_ traces: SessionTraces) {
        self.traces = traces
    }

    /// Whether anything is to be told; what every step of a session asks first.
    var isWatched: Bool { traces.isWatched }

    /// Says who is there, once for each watcher that begins.
    mutating func begin(peer: SessionPeer, listener: String, greeting: String?, isNew: Bool) {
        guard session == nil || generation != traces.generation else { return }
        generation = traces.generation
        let session = TracedSession(
            number: session?.number ?? traces.nextSession(), peer: peer.address,
            listener: listener)
        self.session = session
        if isNew {
            traces.note(.began, "\(peer.address) at \(listener)", of: session)
        } else {
            let said = greeting.map { ", which said it is \($0)" } ?? ""
            traces.note(.joined, "\(peer.address) at \(listener)\(said)", of: session)
        }
    }

    mutating func heard(_ heard: SMTPServerSession.Heard) {
        switch heard {
        case .line(let bytes): note(.command, text(of: bytes))
        case .longLine: note(.command, "(a line longer than the limit)")
        case .data(let bytes): note(.data, "\(bytes) bytes")
        }
    }

    func said(_ reply: SMTPReply) {
        for line in reply.wireText.split(separator: "\r\n") { note(.reply, String(line)) }
    }

    func happened(_ event: SessionEvent) {
        switch event {
        case .cut(_, let bytes): note(.failed, "cut after \(bytes) bytes of data")
        case .refused(_, _, let rule?): note(.rule, rule)
        case .accepted, .submitted, .loggedIn, .refused, .ended: break
        }
    }

    func note(_ kind: SessionLine.Kind, _ text: String) {
        guard let session else { return }
        traces.note(kind, Self.bounded(text), of: session)
    }

    mutating func end() {
        note(.ended, "")
        session = nil
    }

    private mutating func text(of bytes: ByteBuffer) -> String {
        let line = String(
            decoding: bytes.readableBytesView.prefix(SessionTraces.textBytesMax), as: UTF8.self)
        let words = line.split(maxSplits: 2) { $0 == " " || $0 == "\t" }
        let verb = words.first.map { SMTPVerb(rawValue: $0.uppercased()) } ?? nil
        if verb == .auth {
            hasSeenAuth = true
            return words.prefix(2).joined(separator: " ") + (words.count > 2 ? " (hidden)" : "")
        }
        if hasSeenAuth, verb == nil { return "(\(bytes.readableBytes) bytes, hidden)" }
        return line.utf8.count < bytes.readableBytes
            ? "\(line)… (\(bytes.readableBytes) bytes)" : line
    }

    private static func bounded(_ text: String) -> String {
        guard text.utf8.count > SessionTraces.textBytesMax + 32 else { return text }
        return String(decoding: text.utf8.prefix(SessionTraces.textBytesMax), as: UTF8.self) + "…"
    }
}
