import InboundSMTP
import SMTPProtocol

extension FuzzTarget {
    /// A whole session: any split of what a peer sends gives the same replies, the same events and
    /// the same stored mails; so do commits that are answered late; what was acknowledged is stored,
    /// and what a session holds stays within its limits.
    ///
    /// The first byte is a set of `SessionChoices`. In what follows, a NUL, a letter and a NUL are
    /// no bytes of the peer, but a `SessionScript.Mark`.
    static let session = FuzzTarget("session") { bytes in
        guard let first = bytes.first else { return }
        let script = SessionScript(choices: SessionChoices(rawValue: first), bytes.dropFirst())
        let whole = try script.run { [$0] }
        for way in 1..<Splits.ways {
            try requireEqual(
                try script.run { Splits.of($0)[way] }, whole, "split in another way (\(way))")
        }
        try whole.check(script.settings)
        if let prompt = script.answeredAtOnce {
            try requireEqual(try prompt.run { [$0] }, whole, "commits answered at once")
        }
    }
}

struct SessionChoices: OptionSet {
    let rawValue: UInt8

    /// Limits that an input of some hundred bytes reaches.
    static let tightLimits = SessionChoices(rawValue: 1)
    static let normalises = SessionChoices(rawValue: 2)
    static let withoutTLS = SessionChoices(rawValue: 4)
    /// Every piece of a mail holds its peer up until there is room.
    static let pauses = SessionChoices(rawValue: 8)
    /// The peer goes away at the end, instead of sending no more.
    static let disconnects = SessionChoices(rawValue: 16)
    /// The greeting is held back, and who speaks before it is sent away.
    static let greetsLate = SessionChoices(rawValue: 32)
    /// We take mail now; without it, nobody is let in.
    static let admits = SessionChoices(rawValue: 64)
    /// Commits are answered at their mark, and what is held back is said when time passes.
    static let isPatient = SessionChoices(rawValue: 128)
}

/// What happens to a session, in order.
private struct SessionScript {
    enum Mark: UInt8 {
        /// A handshake that was asked for succeeds.
        case handshake = 0x54  // T
        /// 200 seconds pass.
        case wait = 0x57  // W
        /// The server is told to end, and then that its time for that is over.
        case shutdown = 0x53  // S
        case cutOff = 0x4B  // K
        /// The commit under way is answered.
        case commit = 0x43  // C
        /// The peer is gone.
        case cut = 0x58  // X
    }

    private enum Step {
        case bytes(ArraySlice<UInt8>)
        case mark(Mark)
    }

    private var choices: SessionChoices
    private var steps: [Step] = []
    var settings = SessionSettings(hostname: "mx.ours.example")

    init(choices: SessionChoices, _ bytes: ArraySlice<UInt8>) {
        self.choices = choices
        settings.isTLSOffered = !choices.contains(.withoutTLS)
        settings.bareLineEnds = choices.contains(.normalises) ? .normalise : .refuse
        if choices.contains(.tightLimits) { settings.limits = Self.tightLimits }
        if choices.contains(.greetsLate) {
            settings.greetingDelaySeconds = 5
            settings.earlyTalkers = .refuse
        }
        var start = bytes.startIndex
        for index in bytes.indices.dropLast(2)
        where index >= start && bytes[index] == 0 && bytes[index + 2] == 0 {
            guard let mark = Mark(rawValue: bytes[index + 1]) else { continue }
            steps += [.bytes(bytes[start..<index]), .mark(mark)]
            start = index + 3
        }
        steps.append(.bytes(bytes[start...]))
    }

    /// The same where nothing but commits was waited for; nil where it may be another session.
    var answeredAtOnce: SessionScript? {
        guard choices.contains(.isPatient), !choices.contains(.disconnects) else { return nil }
        for case .mark(let mark) in steps where mark != .commit { return nil }
        var script = self
        script.choices.remove(.isPatient)
        return script
    }

    private static let tightLimits = {
        var limits = SessionLimits()
        limits.mailBytesMax = 120
        limits.recipientsMax = 2
        limits.commandBytesMax = 64
        limits.dataLineBytesMax = 40
        limits.mailsMax = 2
        limits.idleCommandsMax = 4
        limits.errorsMax = 5
        limits.errorsUndelayedMax = 2
        limits.dataSeconds = 300
        return limits
    }()

    func run(
        _ cut: (ArraySlice<UInt8>) -> [ArraySlice<UInt8>]
    ) throws -> SessionRecord {
        let receiver = RecordingReceiver(
            isRefusing: !choices.contains(.admits), isPausing: choices.contains(.pauses),
            isWaiting: choices.contains(.isPatient))
        var driver = RecordedSession(
            settings: settings, receiver: receiver, isPatient: choices.contains(.isPatient))
        try driver.start()
        for step in steps {
            switch step {
            case .bytes(let bytes): for piece in cut(bytes) { try driver.feed(piece) }
            case .mark(.handshake): try driver.shakeHands()
            case .mark(.wait): try driver.pass(seconds: 200)
            case .mark(.shutdown): try driver.shutDown()
            case .mark(.cutOff): try driver.cutOff()
            case .mark(.commit): try driver.answerCommit()
            case .mark(.cut): try driver.disconnect()
            }
        }
        if choices.contains(.disconnects) { try driver.disconnect() }
        try driver.endInput()
        return try driver.record
    }
}
