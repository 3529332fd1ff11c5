/// Lists of addresses as they are told: names and comments decoded, and nothing else. What a word
/// decodes to is never syntax, so that who reads the text again finds the addresses of the list as
/// it was written. RFC 2047 §5
extension AddressList {
    /// One text for each address; groups are opened, empty entries go. A name's quotes stay where
    /// the name needs them. `rawCharset` is that of names that are not UTF-8.
    package static func entries(_ body: [UInt8], rawCharset: Charset? = nil) -> [String] {
        pieces(body).compactMap { piece in
            guard let angle = Angle(piece.bytes) else {
                let text = bareText(piece.bytes, rawCharset).trimmingSpaces()
                return text.isEmpty ? nil : text
            }
            let name = displayName(angle.before, rawCharset)
            let address = plainText(angle.address).trimmingSpaces()
            return name.isEmpty ? address : "\(name) <\(address)>"
        }
    }

    /// The whole list in one text, with its groups and all that stands between its addresses.
    static func text(_ body: [UInt8], rawCharset: Charset? = nil) -> String {
        if isPlain(body) { return String(decoding: body, as: UTF8.self) }
        var text = ""
        // Where what may be a name begins, or the inside of angle brackets.
        var start = body.startIndex
        var isInAngle = false
        var isInLiteral = false
        for (index, byte, place) in Scan(body[...]) where place == .plain {
            let isInside = isInAngle || isInLiteral
            switch byte {
            case UInt8(ascii: "<") where isInLiteral && !isInAngle:
                // In quotes, the literal would not stay one.
                isInAngle = true
                continue
            case UInt8(ascii: "<") where !isInAngle, UInt8(ascii: ":") where !isInside:
                isInAngle = byte == UInt8(ascii: "<")
                let space = body[start..<index].prefix { $0 == 32 || $0 == 9 }
                let name = displayName(body[start..<index], rawCharset)
                text += plainText(space) + name + (isInAngle && !name.isEmpty ? " " : "")
            case UInt8(ascii: ">") where isInAngle:
                isInAngle = false
                text += plainText(body[start..<index])
            case UInt8(ascii: ",") where !isInside, UInt8(ascii: ";") where !isInside:
                text += bareText(Array(body[start..<index]), rawCharset)
            case UInt8(ascii: "[") where index > 0 && body[index - 1] == UInt8(ascii: "@"):
                isInLiteral = true
                continue
            case UInt8(ascii: "]"):
                isInLiteral = false
                continue
            default: continue
            }
            text.unicodeScalars.append(Unicode.Scalar(byte))
            start = index + 1
        }
        let rest = body[start...]
        return text + (isInAngle ? plainText(rest) : bareText(Array(rest), rawCharset))
    }

    /// Nothing is to be decoded: it is told as it was written.
    private static func isPlain(_ body: [UInt8]) -> Bool {
        var last: UInt8 = 0
        for byte in body {
            guard (0x20...0x7E).contains(byte) || byte == 9 else { return false }
            if byte == UInt8(ascii: "?"), last == UInt8(ascii: "=") { return false }
            last = byte
        }
        return true
    }

    // MARK: Names

    /// A phrase, decoded.
    private static func displayName(
        _ bytes: ArraySlice<UInt8>, _ rawCharset: Charset?
    ) -> String {
        var name = bytes.drop(while: HeaderCursor.isSpace)
        while let last = name.last, HeaderCursor.isSpace(last) { name.removeLast() }
        let isQuoted =
            name.count >= 2 && name.first == UInt8(ascii: "\"") && name.last == UInt8(ascii: "\"")
        let inner = isQuoted ? name.dropFirst().dropLast() : name
        let decoded = EncodedWords.decode(Array(inner), rawCharset: rawCharset)
            .withControlsMarked.trimmingSpaces()
        guard decoded == String(decoding: inner, as: UTF8.self) else {
            return phrase(displayText(name, rawCharset: rawCharset))
        }
        // As it came: a phrase of atoms needs no quotes. RFC 5322 §3.2.3
        return isQuoted && (inner.isEmpty || !isPhrase(inner)) ? "\"\(decoded)\"" : decoded
    }

    /// What encoded words stand for, in quotes where it is no phrase of atoms: in the clear it could
    /// be taken for an address. RFC 2047 §5 has no encoded word in a quoted string; who puts one there
    /// means it.
    private static func phrase(_ text: String) -> String {
        if isPhrase(text.utf8), !text.contains("=?") { return text }
        return text.quotedString
    }

    private static func isPhrase(_ text: some Sequence<UInt8>) -> Bool {
        text.allSatisfy { $0 == 32 || $0 >= 0x80 || AddressParser.isAtomText($0) }
    }

    // MARK: Comments

    /// Of an address without angle brackets: as written, but for its comments.
    private static func bareText(_ bytes: [UInt8], _ rawCharset: Charset?) -> String {
        var text = ""
        // What goes on: of a comment, between its brackets, without its backslashes.
        var run: [UInt8] = []
        var isComment = false
        func end() {
            text += isComment ? commentText(run, rawCharset) : plainText(run)
            run = []
        }
        for (_, byte, place) in Scan(bytes[...]) {
            let isInside = place == .comment || place == .escapedInComment
            let isBracket =
                place == .comment && (byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")"))
            if isInside != isComment || isBracket {
                end()
                isComment = isInside
            }
            if isBracket {
                text.unicodeScalars.append(Unicode.Scalar(byte))
                continue
            }
            if place != .comment || byte != UInt8(ascii: "\\") { run.append(byte) }
        }
        end()
        return text
    }

    /// `ctext`, decoded. RFC 5322 §3.2.2
    private static func commentText(_ bytes: [UInt8], _ rawCharset: Charset?) -> String {
        EncodedWords.decode(bytes, rawCharset: rawCharset).withControlsMarked
            .replacing("\\", with: "\\\\").replacing("(", with: "\\(").replacing(")", with: "\\)")
    }
}
