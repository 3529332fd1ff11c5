/// The addresses of a `From`, `To` or `Cc` field, as people and SES write them: display names
/// kept, `<a@b>` alone as `a@b`. Reading never fails. RFC 5322 §3.4
package enum AddressList {
    /// One text for each address; groups are opened, empty entries go. A name's quotes stay where
    /// the name needs them.
    package static func entries(_ body: [UInt8]) -> [String] {
        split(body).compactMap { entry in
            guard let angle = Angle(entry) else {
                let text = EncodedWords.decode(entry).trimmingSpaces()
                return text.isEmpty ? nil : text
            }
            let name = displayName(angle.before)
            let address = String(decoding: angle.address, as: UTF8.self).trimmingSpaces()
            return name.isEmpty ? address : "\(name) <\(address)>"
        }
    }

    /// The bare address of each entry: what stands in its angle brackets, or the whole without its
    /// comments.
    package static func addresses(_ body: [UInt8]) -> [String] {
        split(body).compactMap { entry in
            let address = Angle(entry)?.address ?? withoutComments(entry)[...]
            let text = String(decoding: address, as: UTF8.self).trimmingSpaces()
            return text.isEmpty ? nil : text
        }
    }

    /// An entry's last `<…>` outside quotes and comments.
    private struct Angle {
        let before: ArraySlice<UInt8>
        let address: ArraySlice<UInt8>

        init?(_ entry: [UInt8]) {
            var open: Int?
            var close: Int?
            scan(entry) { index, byte, place in
                guard place == .plain else { return }
                if byte == UInt8(ascii: "<") { (open, close) = (index, nil) }
                if byte == UInt8(ascii: ">"), close == nil { close = index }
            }
            guard let open, let close, open < close else { return nil }
            before = entry[..<open]
            address = entry[(open + 1)..<close]
        }
    }

    private static func displayName(_ bytes: ArraySlice<UInt8>) -> String {
        var name = bytes.drop { $0 == 32 || $0 == 9 }
        while name.last == 32 || name.last == 9 { name.removeLast() }
        guard name.count >= 2, name.first == UInt8(ascii: "\""), name.last == UInt8(ascii: "\"")
        else { return EncodedWords.decode(Array(name)).trimmingSpaces() }
        let inner = name.dropFirst().dropLast()
        // RFC 5322 §3.2.3: a phrase of atoms needs no quotes. RFC 2047 §5 has no encoded word in a
        // quoted string; who puts one there means it.
        let isPhrase = inner.allSatisfy { byte in
            byte == 32 || byte >= 0x80 || AddressParser.isAtomText(byte)
        }
        let text = EncodedWords.decode(Array(inner))
        return isPhrase && !inner.isEmpty ? text : "\"\(text)\""
    }

    private static func withoutComments(_ entry: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        scan(entry) { _, byte, place in
            if place != .comment { output.append(byte) }
        }
        return output
    }

    /// Cuts at commas outside quotes, comments and angle brackets; `name:` and `;` of groups go.
    private static func split(_ body: [UInt8]) -> [[UInt8]] {
        var entries: [[UInt8]] = []
        var current: [UInt8] = []
        var isInAngle = false
        scan(body) { _, byte, place in
            guard place == .plain else { return current.append(byte) }
            switch byte {
            case UInt8(ascii: "<"): isInAngle = true
            case UInt8(ascii: ">"): isInAngle = false
            case UInt8(ascii: ",") where !isInAngle, UInt8(ascii: ";") where !isInAngle:
                entries.append(current)
                current = []
                return
            case UInt8(ascii: ":") where !isInAngle:
                current = []
                return
            default: break
            }
            current.append(byte)
        }
        entries.append(current)
        return entries
    }

    private enum Place { case plain, quoted, comment }

    /// Each byte with the place that it stands in; marks count to what they open and close.
    private static func scan(_ bytes: [UInt8], _ visit: (Int, UInt8, Place) -> Void) {
        var isQuoted = false
        var isEscaped = false
        var comments = 0
        for (index, byte) in bytes.enumerated() {
            let before: Place = comments > 0 ? .comment : isQuoted ? .quoted : .plain
            if isEscaped {
                isEscaped = false
                visit(index, byte, before)
                continue
            }
            switch byte {
            case UInt8(ascii: "\\") where before != .plain: isEscaped = true
            case UInt8(ascii: "\"") where comments == 0: isQuoted.toggle()
            case UInt8(ascii: "(") where !isQuoted: comments += 1
            case UInt8(ascii: ")") where comments > 0: comments -= 1
            default: break
            }
            let after: Place = comments > 0 ? .comment : isQuoted ? .quoted : .plain
            visit(index, byte, before == .plain ? after : before)
        }
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
