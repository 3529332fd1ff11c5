/// Finds addresses in the prose of reports. It is no validator: what a server refused may be
/// invalid.
struct AddressScanner {
    struct Match: Hashable {
        var address: String
        /// In the text's UTF-8: with the angle brackets, or the quotes, around it.
        var range: Range<Int>
    }

    /// Octets of a path, and no more: RFC 5321 §4.5.3.1.3.
    static let bytesMax = 320

    /// In order, in time linear in the text.
    static func matches(in text: String) -> [Match] {
        let bytes = Array(text.utf8)
        var matches: [Match] = []
        var from = 0
        for at in bytes.indices where bytes[at] == UInt8(ascii: "@") && at >= from {
            guard let match = match(at, in: bytes, from: from) else { continue }
            matches.append(match)
            from = match.range.upperBound
        }
        return matches
    }

    static func addresses(in text: String) -> [String] { matches(in: text).map(\.address) }

    /// The only address of a field's value: `<a@b>`, `a@b`, `a@b (C)`.
    static func first(in text: String) -> String? { matches(in: text).first?.address }

    private static func match(_ at: Int, in bytes: [UInt8], from: Int) -> Match? {
        let floor = max(from, at - bytesMax)
        var start = at
        if at > floor, bytes[at - 1] == UInt8(ascii: "\"") {
            start = at - 1
            while start > floor, bytes[start - 1] != UInt8(ascii: "\"") { start -= 1 }
            guard start > floor, bytes[start..<at].allSatisfy({ $0 >= 32 && $0 != 127 }) else {
                return nil
            }
            start -= 1
        } else {
            while start > floor, isLocal(bytes[start - 1]) { start -= 1 }
            // The address of a page, or an option of one.
            if let slash = bytes[start..<at].lastIndex(of: UInt8(ascii: "/")),
                slash > start, bytes[slash - 1] == UInt8(ascii: "/")
            {
                return nil
            }
            // `SMTP=a@b`, `'a@b'`
            if let equals = bytes[start..<at].firstIndex(of: UInt8(ascii: "=")),
                isProtocol(bytes[start..<equals])
            {
                start = equals + 1
            }
            while start < at,
                bytes[start] == UInt8(ascii: "'") || bytes[start] == UInt8(ascii: ".")
                    || bytes[start] == UInt8(ascii: "*")
            { start += 1 }
        }
        guard start < at else { return nil }
        var end = at + 1
        if end < bytes.count, bytes[end] == UInt8(ascii: "[") {
            while end < bytes.count, end - at < bytesMax, bytes[end] != UInt8(ascii: "]") {
                end += 1
            }
            guard end < bytes.count, bytes[end] == UInt8(ascii: "]") else { return nil }
            end += 1
        } else {
            while end < bytes.count, end - at < bytesMax, isDomain(bytes[end]) { end += 1 }
            while end > at + 1, !isAlphanumeric(bytes[end - 1]) { end -= 1 }
        }
        guard end > at + 1 else { return nil }
        let address = String(decoding: bytes[start..<end], as: UTF8.self)
        while start > from, isBefore(bytes[start - 1]) { start -= 1 }
        while end < bytes.count, isAfter(bytes[end]) { end += 1 }
        return Match(address: address, range: start..<end)
    }

    private static func isProtocol(_ bytes: ArraySlice<UInt8>) -> Bool {
        String(decoding: bytes, as: UTF8.self).lowercased() == "smtp"
    }

    private static func isBefore(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "<") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
            || byte == UInt8(ascii: "[")
    }

    private static func isAfter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ">") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
            || byte == UInt8(ascii: "]")
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: byte >= 0x80
        }
    }

    /// `atext` and `.` of RFC 5321 §4.1.2 and RFC 6531 §3.3.
    private static func isLocal(_ byte: UInt8) -> Bool {
        if isAlphanumeric(byte) { return true }
        return switch UnicodeScalar(byte) {
        case "!", "#", "$", "%", "&", "'", "*", "+", "-", "/", "=", "?", "^", "_", "`", "{", "|",
            "}", "~", ".":
            true
        default: false
        }
    }

    private static func isDomain(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "_")
    }
}
