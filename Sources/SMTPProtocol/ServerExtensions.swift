/// What a server offers, by its answer to EHLO or LHLO. RFC 5321 §4.1.1.1
///
/// Keywords are compared without case; those that we have no use for, and parameters that are not
/// what their RFC says, are left out.
package struct ServerExtensions: Sendable, Hashable {
    package struct Keywords: OptionSet, Sendable, Hashable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }

        /// RFC 2920
        package static let pipelining = Keywords(rawValue: 1)
        /// RFC 6152
        package static let eightBitMIME = Keywords(rawValue: 2)
        /// RFC 6531
        package static let smtpUTF8 = Keywords(rawValue: 4)
        /// RFC 3030
        package static let chunking = Keywords(rawValue: 8)
        /// RFC 3461
        package static let dsn = Keywords(rawValue: 16)
        /// RFC 1870
        package static let size = Keywords(rawValue: 32)
        /// RFC 3207
        package static let startTLS = Keywords(rawValue: 64)
        /// RFC 8689
        package static let requireTLS = Keywords(rawValue: 128)
    }

    /// How a client may prove who it is. RFC 4954
    package struct Mechanisms: OptionSet, Sendable, Hashable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }

        /// RFC 4616
        package static let plain = Mechanisms(rawValue: 1)
        package static let login = Mechanisms(rawValue: 2)
    }

    package var keywords: Keywords = []
    package var mechanisms: Mechanisms = []
    /// Bytes of the largest mail that it takes; nil where it names none, or 0.
    package var mailBytesMax: Int?
    /// Mails that it takes in one session. RFC 9422 §4.1
    package var sessionMailsMax: Int?

    /// None: what a server offers that knows HELO alone.
    package init() {}

    /// The first line of `reply` is the server's name.
    package init(_ reply: RemoteReply) {
        for line in reply.lines.dropFirst() { read(line) }
    }

    private mutating func read(_ line: String) {
        let words = line.split(separator: " ").map { $0.uppercased() }
        guard let keyword = words.first else { return }
        switch keyword {
        case "PIPELINING": keywords.insert(.pipelining)
        case "8BITMIME": keywords.insert(.eightBitMIME)
        case "SMTPUTF8": keywords.insert(.smtpUTF8)
        case "CHUNKING": keywords.insert(.chunking)
        case "DSN": keywords.insert(.dsn)
        case "STARTTLS": keywords.insert(.startTLS)
        case "REQUIRETLS": keywords.insert(.requireTLS)
        case "SIZE":
            keywords.insert(.size)
            mailBytesMax = words.dropFirst().first.flatMap(Self.number)
        case "AUTH": readMechanisms(words.dropFirst())
        case "LIMITS": readLimits(words.dropFirst())
        default:
            // As some servers wrote it before there was a standard, and still do beside it.
            if keyword.hasPrefix("AUTH=") {
                readMechanisms([String(keyword.dropFirst(5))] + words.dropFirst())
            }
        }
    }

    private mutating func readMechanisms(_ words: some Sequence<String>) {
        for word in words {
            switch word {
            case "PLAIN": mechanisms.insert(.plain)
            case "LOGIN": mechanisms.insert(.login)
            default: break
            }
        }
    }

    private mutating func readLimits(_ words: some Sequence<String>) {
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[0] == "MAILMAX" else { continue }
            sessionMailsMax = Self.number(parts[1])
        }
    }

    /// Nil for what is no number above 0. RFC 1870 §4: 0 says that there is no limit.
    private static func number(_ text: some StringProtocol) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(text),
            value > 0
        else { return nil }
        return value
    }
}
