import Glibc
import Synchronization

/// A character set that mails are met in, found by the labels that they spell; any other label is
/// no charset, whatever the system could read: a peer chooses among these and reaches nothing
/// else. RFC 2045 §5.1, IANA's character sets
package struct Charset: Sendable, Hashable {
    enum Reading: Sendable, Hashable {
        case utf8
        /// Seven bits. What has an eighth is UTF-8 where it is valid, else windows-1252.
        case ascii
        /// Of which mails write ISO-8859-1 for.
        case windows1252
        /// By iconv, under its name for it.
        case iconv(String)
    }

    private let reading: Reading

    /// The charset with this label, in any case, `_` and space as `-`.
    package init?(_ label: String) {
        guard let reading = Self.readings[Self.normalized(label)] else { return nil }
        self.reading = reading
    }

    private init(_ reading: Reading) { self.reading = reading }

    /// Whether a byte of ASCII that does not follow one beyond it always stands for itself: neither
    /// shifts of state nor units of several bytes.
    var isASCIITransparent: Bool {
        guard case .iconv(let name) = reading else { return true }
        return !name.hasPrefix("UTF-") && !name.hasPrefix("ISO-2022-")
    }

    /// Seven bits, for labels that nobody knows.
    static let ascii = Charset(.ascii)

    /// What most mails without a label, or with a wrong one, are written in.
    static let windows1252 = Charset(.windows1252)

    /// `bytes` as text, beginning in the charset's first state; nil if they are not whole and valid.
    package func text(_ bytes: [UInt8]) -> String? {
        switch reading {
        case .utf8: String(validating: bytes, as: UTF8.self)
        case .ascii: MIMEText.guess(bytes)
        case .windows1252: Windows1252.text(bytes)
        case .iconv(let name): Self.convert(bytes, from: name, isRepaired: false)
        }
    }

    /// As `text`, but each byte that is invalid becomes U+FFFD.
    package func repairedText(_ bytes: [UInt8]) -> String {
        switch reading {
        case .utf8: String(decoding: bytes, as: UTF8.self)
        case .ascii: MIMEText.guess(bytes)
        case .windows1252: Windows1252.text(bytes)
        case .iconv(let name):
            Self.convert(bytes, from: name, isRepaired: true)
                ?? String(decoding: bytes, as: UTF8.self)
        }
    }

    // MARK: Converters

    /// Converters that nobody uses now, as the bits of their descriptors. Opening one loads a
    /// module, so they are kept; one is used by one thread at a time.
    private static let idle = Mutex<[String: [Int]]>([:])
    /// Idle converters of one charset.
    private static let idleMax = 4

    private static func convert(_ bytes: [UInt8], from name: String, isRepaired: Bool) -> String? {
        let bits =
            idle.withLock { $0[name]?.popLast() } ?? Int(bitPattern: iconv_open("UTF-8", name))
        guard bits != -1, let converter = iconv_t(bitPattern: bits) else { return nil }
        defer {
            let isKept = idle.withLock { idle in
                guard idle[name, default: []].count < idleMax else { return false }
                idle[name, default: []].append(bits)
                return true
            }
            if !isKept { iconv_close(converter) }
        }
        return CharsetConversion(converter, isRepaired: isRepaired).text(bytes)
    }
}
