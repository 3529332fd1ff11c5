/// The parameters of a structured field, each as it was written: `name=value`, RFC 2231's
/// `name*=charset'language'value` and the sections `name*0`, `name*1*`. Nothing is put together
/// before somebody asks, so reading takes linear time whatever is numbered how. RFC 2045 §5.1,
/// RFC 2231 §3, RFC 2231 §4
package struct HeaderParameters: Sendable, Hashable {
    /// Parameters of a field that are kept.
    package static let entriesMax = 1_000

    struct Entry: Sendable, Hashable {
        /// As written, in lower case, without its stars.
        var name: String
        /// Of `name*1`, 1.
        var section: Int?
        /// Whether the name ends in a star: the value is percent-encoded.
        var isExtended: Bool
        /// Quotes and folding undone, nothing decoded.
        var value: [UInt8]
    }

    let entries: [Entry]
    /// Whether there were more than `entriesMax`.
    package let isCut: Bool

    package static let none = HeaderParameters(entries: [], isCut: false)

    private init(entries: [Entry], isCut: Bool) {
        self.entries = entries
        self.isCut = isCut
    }

    /// Everything behind the cursor. Missing semicolons, spaces in what is not quoted and empty
    /// parameters are read as they are met.
    init(_ cursor: inout HeaderCursor) {
        var entries: [Entry] = []
        var isCut = false
        while true {
            cursor.skipSeparators()
            guard !cursor.isAtEnd else { break }
            guard entries.count < Self.entriesMax else {
                isCut = true
                break
            }
            if let entry = cursor.parameter() { entries.append(entry) }
        }
        self.init(entries: entries, isCut: isCut)
    }

    package var isEmpty: Bool { entries.isEmpty }
}

extension HeaderCursor {
    fileprivate mutating func skipSeparators() {
        repeat { skipSpaceAndComments() } while skip(UInt8(ascii: ";"))
    }

    /// `parameter = attribute "=" value`; nil for what is none, which is passed. Always goes on.
    fileprivate mutating func parameter() -> HeaderParameters.Entry? {
        let written = take { byte in
            byte == UInt8(ascii: "=") || byte == UInt8(ascii: ";") || Self.isSpace(byte)
        }
        skipSpaceAndComments()
        guard skip(UInt8(ascii: "=")) else { return nil }
        skipSpaceAndComments()
        let isQuoted = current == UInt8(ascii: "\"")
        let value = isQuoted ? quotedString() : unquotedValue()
        guard !written.isEmpty else { return nil }
        return HeaderParameters.Entry(written: written, value: value)
    }

    /// Deviates: RFC 2045 §5.1 wants a token. As met, everything up to the semicolon is taken, space
    /// and brackets too, but for a comment at the end and what looks like another parameter.
    private mutating func unquotedValue() -> [UInt8] {
        var value: [UInt8] = []
        // Where the last comment ended that was none: nothing before is looked at again.
        var literalEnd = position
        while true {
            value += take { $0 == UInt8(ascii: ";") || Self.isSpace($0) }
            var ahead = self
            if position >= literalEnd { ahead.skipSpaceAndComments() }
            guard !ahead.isAtEnd, ahead.current != UInt8(ascii: ";") else {
                self = ahead
                return value
            }
            literalEnd = max(literalEnd, ahead.position)
            ahead = self
            ahead.skipSpace()
            let space = bytes[position..<ahead.position].filter { $0 != 13 && $0 != 10 }
            self = ahead
            let word = ahead.token()
            ahead.skipSpace()
            if !word.isEmpty, ahead.current == UInt8(ascii: "=") { return value }
            value += space
        }
    }
}

extension HeaderParameters.Entry {
    /// `attribute = name ["*" section] ["*"]`; a section that is no number, or a huge one, is part
    /// of the name.
    fileprivate init(written: ArraySlice<UInt8>, value: [UInt8]) {
        let star = UInt8(ascii: "*")
        var name = written
        isExtended = name.last == star
        if isExtended { name.removeLast() }
        section = nil
        if let mark = name.lastIndex(of: star), name.endIndex - mark <= 9,
            name[(mark + 1)...].allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
            let number = Int(String(decoding: name[(mark + 1)...], as: UTF8.self))
        {
            section = number
            name = name[..<mark]
        }
        self.name = String(decoding: name, as: UTF8.self).lowercased()
        self.value = value
    }
}
