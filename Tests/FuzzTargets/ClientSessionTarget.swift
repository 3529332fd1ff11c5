import DeliveryQueue
import MailModel
import NIOCore
import OutboundSMTP
import SMTPProtocol
import Storage

extension FuzzTarget {
    /// A whole session as a client: whatever a server answers, each mail has one end; what is said
    /// are whole lines; a mail counts as delivered only when all of it was sent; nothing that wants
    /// TLS is said without.
    ///
    /// The first byte is a set of `ClientChoices`. In what follows, a NUL, a letter and a NUL are
    /// no bytes of the server, but a `Mark`.
    static let clientSession = FuzzTarget("client-session") { bytes in
        guard let first = bytes.first else { return }
        let script = ClientScript(ClientChoices(rawValue: first), bytes.dropFirst())
        for way in 0..<Splits.ways { try script.run { Splits.of($0)[way] } }
    }
}

private struct ClientChoices: OptionSet {
    let rawValue: UInt8

    static let requiresTLS = ClientChoices(rawValue: 1)
    static let isImplicit = ClientChoices(rawValue: 2)
    static let isLMTP = ClientChoices(rawValue: 4)
    static let logsIn = ClientChoices(rawValue: 8)
    /// The mails need all that a server may lack.
    static let isDemanding = ClientChoices(rawValue: 16)
    /// The content has what must not be sent.
    static let hasBareLineEnd = ClientChoices(rawValue: 32)
    /// One mail a session.
    static let isSingle = ClientChoices(rawValue: 64)
}

private struct ClientScript {
    private enum Mark: UInt8 {
        case handshake = 0x54  // T
        case handshakeFailure = 0x46  // F
        case mail = 0x4D  // M
        /// 100 seconds pass.
        case wait = 0x57  // W
        case cancel = 0x43  // C
        case quit = 0x51  // Q
        /// The content cannot be read.
        case unreadable = 0x55  // U
    }

    private enum Step {
        case bytes(ArraySlice<UInt8>)
        case mark(Mark)
    }

    private let choices: ClientChoices
    private var steps: [Step] = []

    init(_ choices: ClientChoices, _ bytes: ArraySlice<UInt8>) {
        self.choices = choices
        var start = bytes.startIndex
        for index in bytes.indices.dropLast(2)
        where index >= start && bytes[index] == 0 && bytes[index + 2] == 0 {
            guard let mark = Mark(rawValue: bytes[index + 1]) else { continue }
            steps += [.bytes(bytes[start..<index]), .mark(mark)]
            start = index + 3
        }
        steps.append(.bytes(bytes[start...]))
    }

    func run(_ cut: (ArraySlice<UInt8>) -> [ArraySlice<UInt8>]) throws {
        var client = WatchedClient(
            SessionSettings(
                hello: "us.example", transport: choices.contains(.isLMTP) ? .lmtp : .smtp,
                tls: choices.contains(.isImplicit)
                    ? .implicit : choices.contains(.requiresTLS) ? .required : .opportunistic,
                login: choices.contains(.logsIn) ? .init(user: "us", password: "secret") : nil,
                mailsMax: choices.contains(.isSingle) ? 1 : 10), mail)
        for step in steps {
            switch step {
            case .bytes(let bytes): for piece in cut(bytes) { try client.receive(piece) }
            case .mark(.handshake): try client.happen { $0.secured("TLSv1.3", at: $1) }
            case .mark(.handshakeFailure):
                try client.happen { session, _ in
                    guard session.isShakingHands else { return }
                    session.handshakeFailed(TLSFailure(.validationFailure, "x"))
                }
            case .mark(.mail): try client.deliver()
            case .mark(.wait): try client.pass(seconds: 100)
            case .mark(.cancel): try client.happen { $0.cancel(at: $1) }
            case .mark(.quit): try client.happen { $0.quit(at: $1) }
            case .mark(.unreadable): client.isUnreadable = true
            }
        }
        try client.happen { session, _ in session.disconnected("gone") }
        try client.checkEnd()
    }

    private var mail: OutgoingMail {
        let domain = Domain(validatedASCII: "them.example")
        let isDemanding = choices.contains(.isDemanding)
        return OutgoingMail(
            id: "mail", reversePath: isDemanding ? .null : .mailbox(Self.mailbox("us", domain)),
            recipient: Self.mailbox(isDemanding ? "a b>ü" : "you", domain),
            content: [
                .bytes(ByteBuffer(string: ".Subject: x\r\n\r")),
                .bytes(ByteBuffer(string: choices.contains(.hasBareLineEnd) ? "x" : "\n.\r\n")),
            ], is8Bit: isDemanding, isSMTPUTF8: isDemanding,
            tls: isDemanding ? .verifiedOnward : .opportunistic,
            notification: DeliveryNotification(
                occasions: [.success], originalRecipient: "rfc822;you@them.example",
                returned: .headers, envelopeID: "a+2B"))
    }

    private static func mailbox(_ localPart: String, _ domain: Domain) -> Mailbox {
        Mailbox(validatedLocalPart: localPart, domain: domain)
    }
}

/// A session, and what it may do.
private struct WatchedClient {
    var isUnreadable = false
    private let settings: SessionSettings
    private let mail: OutgoingMail
    private var session: SMTPClientSession
    private var now: Int64 = 0
    private var isSecured = false
    private var isOpen = false
    private var isClosed = false
    private var isMailUnderWay = false
    /// All bytes of the mail's content, its end included, as far as they were sent.
    private var isContentSent = false
    private var written: [UInt8] = []

    init(_ settings: SessionSettings, _ mail: OutgoingMail) {
        self.settings = settings
        self.mail = mail
        session = SMTPClientSession(settings, now: 0)
    }

    mutating func receive(_ bytes: ArraySlice<UInt8>) throws {
        var input = ByteBuffer(bytes: bytes)
        session.receive(&input, at: now)
        try require(input.readableBytes == 0, "bytes left")
        try watch()
    }

    mutating func happen(_ event: (inout SMTPClientSession, Int64) -> Void) throws {
        let wasShakingHands = session.isShakingHands
        event(&session, now)
        if wasShakingHands, session.tls != nil { isSecured = true }
        try watch()
    }

    mutating func deliver() throws {
        guard session.canTakeMail, !isMailUnderWay else { return }
        isMailUnderWay = true
        isContentSent = false
        session.deliver(mail, at: now)
        try watch()
    }

    mutating func pass(seconds: Int64) throws {
        now += seconds * 1000
        session.timePassed(at: now)
        try watch()
        if let deadline = session.deadline {
            try require(deadline > now, "a deadline that is over")
        }
    }

    func checkEnd() throws {
        try require(isClosed, "a session that has not ended")
        try require(!isMailUnderWay, "a mail without an end")
    }

    private mutating func watch() throws {
        while true {
            let outputs = session.takeOutputs()
            for output in outputs {
                try require(!isClosed, "\(output) after the end")
                try watch(output)
            }
            guard session.wantsContent else { break }
            sendContent()
        }
    }

    private mutating func sendContent() {
        if isUnreadable { return session.contentFailed("EIO") }
        for case .bytes(let bytes) in mail.content { session.send(bytes, at: now) }
        isContentSent = !session.isClosed
    }

    private mutating func watch(_ output: SMTPClientSession.Output) throws {
        switch output {
        case .write(let bytes): try watch(Array(bytes.readableBytesView))
        case .content: try require(isMailUnderWay, "content of no mail")
        case .startTLS: try require(!isSecured, "TLS twice")
        case .opened:
            try require(!isOpen, "opened twice")
            try require(isSecured || settings.tls != .required, "opened without TLS")
            isOpen = true
        case .finished(let result):
            try require(isMailUnderWay, "an end of no mail")
            isMailUnderWay = false
            if case .success(let reply) = result {
                try require(isContentSent, "delivered before all was sent")
                try require(reply.code / 100 == 2, "delivered by \(reply.code)")
            }
        case .failed: try require(!isMailUnderWay, "a failure beside a mail's")
        case .close: isClosed = true
        }
    }

    private mutating func watch(_ bytes: [UInt8]) throws {
        for (index, byte) in bytes.enumerated() {
            let before = index > 0 ? bytes[index - 1] : written.last
            if byte == UInt8(ascii: "\n") {
                try require(before == UInt8(ascii: "\r"), "a bare LF")
            } else {
                try require(before != UInt8(ascii: "\r"), "a bare CR")
            }
        }
        written += bytes
        let text = String(decoding: bytes, as: UTF8.self)
        if text.hasPrefix("AUTH") { try require(isSecured, "a password in the clear") }
        if text.hasPrefix("MAIL") || text.hasPrefix("RSET") {
            try require(isOpen && isMailUnderWay, "a mail before the session was open")
        }
    }
}
