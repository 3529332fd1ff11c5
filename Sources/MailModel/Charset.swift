import Glibc
import Synchronization

/// A character set that mails are met in, found by the labels that they spell; any other label is
/// no charset, whatever the system could read: a peer chooses among these and reaches nothing
/// else. RFC 2045 §5.1, IANA's character sets
package struct Charset: Sendable, Hashable {
    /// The name for iconv; nil for what is read without it.
    private let name: String?
    private let isUTF8: Bool

    /// The charset with this label, in any case.
    package init?(_ label: String) {
        guard let name = Self.names[label.uppercased()] else { return nil }
        isUTF8 = name == "UTF-8"
        self.name = isUTF8 || name == "ISO-8859-1" ? nil : name
    }

    /// What most mails without a label, or with a wrong one, are written in.
    static let windows1252 = Charset(iconvName: "CP1252")

    private init(iconvName: String) {
        name = iconvName
        isUTF8 = false
    }

    /// `bytes` as text; each byte that is invalid becomes U+FFFD.
    package func repairedText(_ bytes: [UInt8]) -> String {
        text(bytes) ?? String(decoding: bytes, as: UTF8.self)
    }

    /// `bytes` as text, beginning in the charset's first state; nil if they are not whole and valid.
    /// Takes memory of seven times their length.
    package func text(_ bytes: [UInt8]) -> String? {
        if let name { return Self.convert(bytes, from: name) }
        if isUTF8 { return String(validating: bytes, as: UTF8.self) }
        return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }

    // MARK: Converters

    /// Converters that nobody uses now, as the bits of their descriptors. Opening one loads a
    /// module, so they are kept; one is used by one thread at a time.
    private static let idle = Mutex<[String: [Int]]>([:])
    /// Idle converters of one charset.
    private static let idleMax = 4

    private static func convert(_ bytes: [UInt8], from name: String) -> String? {
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
        return run(converter, bytes)
    }

    private static func run(_ converter: iconv_t, _ bytes: [UInt8]) -> String? {
        iconv(converter, nil, nil, nil, nil)
        var input = bytes.map { CChar(bitPattern: $0) }
        var output = [CChar](repeating: 0, count: bytes.count * 6 + 16)
        let used = input.withUnsafeMutableBufferPointer { from in
            output.withUnsafeMutableBufferPointer { to -> Int? in
                var fromPointer = from.baseAddress
                var toPointer = to.baseAddress
                var fromLeft = from.count
                var toLeft = to.count
                let failure = Int(bitPattern: UInt.max)
                // The second call writes a character that waited for a combining one.
                guard iconv(converter, &fromPointer, &fromLeft, &toPointer, &toLeft) != failure,
                    iconv(converter, nil, nil, &toPointer, &toLeft) != failure
                else { return nil }
                return to.count - toLeft
            }
        }
        guard let used else { return nil }
        return String(validating: output[..<used].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
