import InboundSMTP
import SMTPProtocol

extension FuzzTarget {
    /// A whole session: any split of what a peer sends gives the same replies, the same events and
    /// the same stored mails, and what a session holds stays within its limits.
    ///
    /// The first byte is a set of `SessionChoices`. In what follows, a NUL, a letter and a NUL are
    /// no bytes of the peer: at `T` a handshake that was asked for succeeds, at `W` 200 seconds have
    /// passed, at `S` the server is told to end.
    static let session = FuzzTarget("session") { bytes in
        guard let first = bytes.first else { return }
        let script = SessionScript(choices: SessionChoices(rawValue: first), bytes.dropFirst())
        let whole = try script.run { [$0] }
        for way in 1..<Splits.ways {
            try requireEqual(
                try script.run { Splits.of($0)[way] }, whole, "split in another way (\(way))")
        }
        try whole.check(script.settings)
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
}

/// What happens to a session, in order.
private struct SessionScript {
    private enum Step {
        case bytes(ArraySlice<UInt8>)
        case mark(UInt8)
    }

    private let choices: SessionChoices
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
        where index >= start && bytes[index] == 0 && bytes[index + 2] == 0
            && "TWS".utf8.contains(bytes[index + 1])
        {
            steps += [.bytes(bytes[start..<index]), .mark(bytes[index + 1])]
            start = index + 3
        }
        steps.append(.bytes(bytes[start...]))
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
        let receiver = RecordingReceiver(isPausing: choices.contains(.pauses))
        var driver = RecordedSession(settings: settings, receiver: receiver)
        driver.start()
        for step in steps {
            switch step {
            case .bytes(let bytes):
                for piece in cut(bytes) { try driver.feed(piece) }
            case .mark(UInt8(ascii: "T")): driver.shakeHands()
            case .mark(UInt8(ascii: "W")): driver.pass(seconds: 200)
            case .mark: driver.shutDown()
            }
        }
        if choices.contains(.disconnects) { driver.disconnect() } else { driver.endInput() }
        return driver.record
    }
}
