/// An enhanced mail system status code. RFC 3463 §2
package struct EnhancedStatus: Sendable, Hashable, Codable, CustomStringConvertible {
    /// 2 success, 4 persistent transient failure, 5 permanent failure.
    package var `class`: Int
    package var subject: Int
    package var detail: Int

    package init(class: Int, subject: Int, detail: Int) {
        self.class = `class`
        self.subject = subject
        self.detail = detail
    }

    /// The first one in `text`; a network address is none.
    package init?(in text: some StringProtocol) {
        guard let found = Self.first(in: Array(text.utf8)) else { return nil }
        self = found
    }

    package var description: String { "\(`class`).\(subject).\(detail)" }

    /// Whether it says no more than its class.
    package var isGeneric: Bool { subject == 0 && detail == 0 }

    static func first(in bytes: [UInt8]) -> EnhancedStatus? {
        for start in bytes.indices where isClass(bytes[start]) {
            if start > 0, isPart(bytes[start - 1]) { continue }
            if let status = read(bytes, at: start) { return status }
        }
        return nil
    }

    private static func read(_ bytes: [UInt8], at start: Int) -> EnhancedStatus? {
        guard start + 1 < bytes.count, bytes[start + 1] == UInt8(ascii: ".") else { return nil }
        guard let subject = number(bytes, at: start + 2),
            subject.end < bytes.count, bytes[subject.end] == UInt8(ascii: "."),
            let detail = number(bytes, at: subject.end + 1)
        else { return nil }
        // A fourth number makes it an address.
        if detail.end + 1 < bytes.count, bytes[detail.end] == UInt8(ascii: "."),
            isDigit(bytes[detail.end + 1])
        {
            return nil
        }
        if detail.end < bytes.count, isPart(bytes[detail.end]), bytes[detail.end] != 46 {
            return nil
        }
        return EnhancedStatus(
            class: Int(bytes[start] - 48), subject: subject.value, detail: detail.value)
    }

    private static func number(_ bytes: [UInt8], at start: Int) -> (value: Int, end: Int)? {
        var end = start
        var value = 0
        while end < bytes.count, end < start + 3, isDigit(bytes[end]) {
            value = value * 10 + Int(bytes[end] - 48)
            end += 1
        }
        return end > start ? (value, end) : nil
    }

    private static func isClass(_ byte: UInt8) -> Bool { byte == 50 || byte == 52 || byte == 53 }
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
    /// What may not stand beside: a digit, a letter, a dot.
    private static func isPart(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == 46 || (byte | 0x20 >= 97 && byte | 0x20 <= 122)
    }
}
