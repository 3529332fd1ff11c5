/// What a server answered, as a report quotes it. RFC 5321 §4.2
package struct SMTPReply: Sendable, Hashable {
    /// 200 to 599.
    package var code: Int
    /// All that follows the code, in one line; the lines of one reply are joined.
    package var text: String

    package init(code: Int, text: String) {
        self.code = code
        self.text = text
    }

    /// The first reply that refuses, else the first one, in lines of prose.
    init?(in lines: [String]) {
        var good: SMTPReply?
        for (index, line) in lines.enumerated() {
            guard let found = Self.code(in: Array(line.utf8)) else { continue }
            let reply = SMTPReply(code: found.code, text: Self.text(lines, index, found))
            if found.code >= 400 {
                self = reply
                return
            }
            if good == nil { good = reply }
        }
        guard let good else { return nil }
        self = good
    }

    /// Lines of a report that one reply may take.
    private static let linesMax = 20

    /// The text of the reply at `index`, with lines that carry on `550-…` and lines that it is
    /// wrapped into.
    private static func text(_ lines: [String], _ index: Int, _ found: Found) -> String {
        var text = String(decoding: lines[index].utf8.dropFirst(found.end), as: UTF8.self).trimmed()
        for line in lines[(index + 1)...].prefix(linesMax) {
            let line = line.trimmed()
            let isSame = line.hasPrefix("\(found.code)-") || line.hasPrefix("\(found.code) ")
            if isSame, found.isContinued {
                text += " \(line.dropFirst(4).trimmed())"
            } else if line.isEmpty || isSame || line.hasPrefix("<<<") || line.hasPrefix(">>>")
                || line.hasPrefix("---") || line.hasPrefix("...")
                || code(in: Array(line.utf8)) != nil
            {
                break
            } else {
                text += " \(line)"
            }
        }
        return text
    }

    private struct Found {
        var code: Int
        /// Behind the code and what parts it from its text.
        var end: Int
        /// A hyphen follows.
        var isContinued: Bool
    }

    /// Three digits that stand alone, of which the first is 2, 4 or 5 and the second at most 5.
    private static func code(in bytes: [UInt8]) -> Found? {
        guard bytes.count >= 3 else { return nil }
        for start in 0...(bytes.count - 3) {
            guard bytes[start] == 52 || bytes[start] == 53 || bytes[start] == 50,
                bytes[start + 1] >= 48, bytes[start + 1] <= 53,
                bytes[start + 2] >= 48, bytes[start + 2] <= 57
            else { continue }
            if start > 0, !mayPrecede(bytes[start - 1]) { continue }
            let end = start + 3
            let next = end < bytes.count ? bytes[end] : 32
            guard mayFollow(next) else { continue }
            let code =
                Int(bytes[start] - 48) * 100 + Int(bytes[start + 1] - 48) * 10
                + Int(bytes[start + 2] - 48)
            // A number that is counted with: `250 lines`. Success is claimed at the start alone.
            if code < 300, start > 0 { continue }
            return Found(
                code: code, end: min(end + 1, bytes.count), isContinued: next == UInt8(ascii: "-"))
        }
        return nil
    }

    private static func mayPrecede(_ byte: UInt8) -> Bool {
        switch UnicodeScalar(byte) {
        case " ", "\t", ":", ";", "<", ">", "(", "\"", "'", "[", "=", ",", "#": true
        default: false
        }
    }

    private static func mayFollow(_ byte: UInt8) -> Bool {
        switch UnicodeScalar(byte) {
        case " ", "\t", "-", "#", ":", ",", "\"", "'", ")", ">", "<", "]", ";": true
        default: false
        }
    }
}
