/// Goes over the body of a structured field, folded or not, token by token. Line ends count as space.
/// RFC 5322 §3.2, RFC 2045 §5.1
struct HeaderCursor {
    let bytes: ArraySlice<UInt8>
    private(set) var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    var current: UInt8? { position < bytes.endIndex ? bytes[position] : nil }
    var isAtEnd: Bool { position >= bytes.endIndex }

    mutating func skip(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        position += 1
        return true
    }

    mutating func skipSpace() {
        while let byte = current, Self.isSpace(byte) { position += 1 }
    }

    /// RFC 5322 §3.2.2; a comment that does not end goes to the end.
    mutating func skipSpaceAndComments() {
        while let byte = current {
            if Self.isSpace(byte) {
                position += 1
            } else if byte == UInt8(ascii: "(") {
                skipComment()
            } else {
                return
            }
        }
    }

    private mutating func skipComment() {
        var depth = 0
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\\"): if !isAtEnd { position += 1 }
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"):
                depth -= 1
                if depth == 0 { return }
            default: break
            }
        }
    }

    /// `token` of RFC 2045 §5.1, and bytes beyond ASCII as they are met.
    mutating func token() -> ArraySlice<UInt8> {
        let start = position
        while let byte = current, Self.isToken(byte) { position += 1 }
        return bytes[start..<position]
    }

    /// Up to before the first byte for which `isEnd` holds.
    mutating func take(until isEnd: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = position
        while let byte = current, !isEnd(byte) { position += 1 }
        return bytes[start..<position]
    }

    /// `quoted-string` at the cursor, its content: escapes undone, line ends of its folding gone. One
    /// that does not end goes to the end. RFC 5322 §3.2.4
    mutating func quotedString() -> [UInt8] {
        position += 1
        var content: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return content
            case UInt8(ascii: "\\"):
                if let escaped = current {
                    content.append(escaped)
                    position += 1
                }
            case UInt8(ascii: "\r"), UInt8(ascii: "\n"): break
            default: content.append(byte)
            }
        }
        return content
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 32 || byte == 9 || byte == 13 || byte == 10
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...32, 127: false
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: "@"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ":"),
            UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "/"), UInt8(ascii: "["),
            UInt8(ascii: "]"), UInt8(ascii: "?"), UInt8(ascii: "="):
            false
        default: true
        }
    }
}
