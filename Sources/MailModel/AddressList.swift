/// The addresses of a `From`, `To` or `Cc` field, as people and SES write them: display names
/// kept, `<a@b>` alone as `a@b`. Reading never fails. RFC 5322 §3.4
package enum AddressList {
    /// One text for each address; groups are opened, empty entries go.
    package static func entries(_ body: [UInt8]) -> [String] {
        split(body).compactMap { entry in
            let text = EncodedWords.decode(entry).trimmingSpaces()
            guard !text.isEmpty else { return nil }
            if text.hasPrefix("<"), text.hasSuffix(">") {
                return String(text.dropFirst().dropLast()).trimmingSpaces()
            }
            return text
        }
    }

    /// The bare address of each entry: what stands in its angle brackets, or the whole.
    package static func addresses(_ body: [UInt8]) -> [String] {
        entries(body).map { entry in
            guard entry.hasSuffix(">"), let open = entry.lastIndex(of: "<") else { return entry }
            return String(entry[entry.index(after: open)...].dropLast()).trimmingSpaces()
        }
    }

    /// Cuts at commas outside quotes, comments and angle brackets; `name:` and `;` of groups go.
    private static func split(_ body: [UInt8]) -> [[UInt8]] {
        var entries: [[UInt8]] = []
        var current: [UInt8] = []
        var isQuoted = false
        var isEscaped = false
        var isInAngle = false
        var comments = 0
        for byte in body {
            if isEscaped {
                isEscaped = false
                current.append(byte)
                continue
            }
            let isPlain = !isQuoted && comments == 0
            switch byte {
            case UInt8(ascii: "\\") where !isPlain: isEscaped = true
            case UInt8(ascii: "\"") where comments == 0: isQuoted.toggle()
            case UInt8(ascii: "(") where !isQuoted: comments += 1
            case UInt8(ascii: ")") where !isQuoted && comments > 0: comments -= 1
            case UInt8(ascii: "<") where isPlain: isInAngle = true
            case UInt8(ascii: ">") where isPlain: isInAngle = false
            case UInt8(ascii: ",") where isPlain && !isInAngle,
                UInt8(ascii: ";") where isPlain && !isInAngle:
                entries.append(current)
                current = []
                continue
            case UInt8(ascii: ":") where isPlain && !isInAngle:
                current = []
                continue
            default: break
            }
            current.append(byte)
        }
        entries.append(current)
        return entries
    }
}

extension StringProtocol {
    fileprivate func trimmingSpaces() -> String {
        var rest = Substring(self)
        while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return String(rest)
    }
}
