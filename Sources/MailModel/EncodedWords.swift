/// RFC 2047's encoded words, `=?charset?B?…?=` and `=?charset?Q?…?=`, as they are met: with space in
/// them or none between them, without padding, and cut within a character.
package enum EncodedWords {
    /// Words that are decoded of one body; what follows stays as written.
    package static let wordsMax = 1_000
    /// Bytes that the words of one body may hold; what follows stays as written.
    package static let decodedBytesMax = 65_536

    /// `body` as text, its encoded words decoded; a word of an unknown charset stays as written
    /// unless it is ASCII, space between two encoded words goes. No control character comes out of a
    /// word. What stands outside of words is UTF-8, or else in `rawCharset`, or what such bytes
    /// mostly are. RFC 2047 §6.2, RFC 6532 §3.2
    package static func decode(_ body: [UInt8], rawCharset: Charset? = nil) -> String {
        guard firstMark(in: body[...]) != nil else {
            return MIMEText.guess(body, else: rawCharset)
        }
        var output = Output(rawCharset: rawCharset)
        var rest = body[...]
        var words = 0
        var decodedBytes = 0
        while words < wordsMax, let start = firstMark(in: rest) {
            guard let word = Word(body[start..<rest.endIndex]) else {
                output.add(text: rest[...(start + 1)])
                rest = rest[(start + 2)...]
                continue
            }
            guard let end = word.end else { break }
            let decoded = word.decoded
            guard word.isKnown || decoded.allSatisfy({ $0 >= 32 && $0 < 127 }) else {
                output.add(text: rest[..<end])
                rest = rest[end...]
                continue
            }
            words += 1
            decodedBytes += decoded.count
            guard decodedBytes <= decodedBytesMax else { break }
            output.add(text: rest[..<start])
            output.add(decoded, of: word.charset)
            rest = rest[end...]
        }
        output.add(text: rest)
        return output.finish()
    }

    /// Whether a word may begin in `bytes`: some readers decode it wherever it stands.
    package static func mayBegin(in bytes: [UInt8]) -> Bool { firstMark(in: bytes[...]) != nil }

    private static func firstMark(in bytes: ArraySlice<UInt8>) -> Int? {
        var from = bytes.startIndex
        while let mark = bytes[from...].firstIndex(of: UInt8(ascii: "=")) {
            if mark + 1 < bytes.endIndex, bytes[mark + 1] == UInt8(ascii: "?") { return mark }
            from = mark + 1
        }
        return nil
    }

    /// Text and words in order: the bytes of neighbouring words of one charset are decoded together,
    /// since a character may be cut between them.
    private struct Output {
        private let rawCharset: Charset?
        private var text = ""
        /// What stands behind the last word, or the beginning.
        private var between: [UInt8] = []
        private var word: (charset: Charset, bytes: [UInt8])?

        init(rawCharset: Charset?) { self.rawCharset = rawCharset }

        mutating func add(text bytes: ArraySlice<UInt8>) { between += bytes }

        mutating func add(_ bytes: [UInt8], of charset: Charset) {
            let isNeighbour = word != nil && between.allSatisfy(HeaderCursor.isSpace)
            if isNeighbour { between = [] }
            if isNeighbour, word?.charset == charset {
                word?.bytes += bytes
            } else {
                flush()
                word = (charset, bytes)
            }
        }

        mutating func finish() -> String {
            flush()
            return text
        }

        private mutating func flush() {
            if let word {
                // A decoded line end or NUL would be a way to forge what the header does not say.
                let decoded = word.charset.repairedText(word.bytes).unicodeScalars
                text.unicodeScalars.append(contentsOf: decoded.filter { !$0.isControl })
            }
            text += MIMEText.guess(between, else: rawCharset)
            word = nil
            between = []
        }
    }

    private struct Word {
        let charset: Charset
        /// Whether the label is one that we know.
        let isKnown: Bool
        private let isBase64: Bool
        private let content: ArraySlice<UInt8>
        /// Behind the final `?=`; nil where none stands in all that follows.
        let end: Int?

        /// Bytes that a charset's label may have, with the language behind it.
        private static let labelBytesMax = 60

        /// The word at the start of `bytes`, if one stands there.
        init?(_ bytes: ArraySlice<UInt8>) {
            let question = UInt8(ascii: "?")
            let inner = bytes.dropFirst(2)
            guard let first = inner.prefix(Self.labelBytesMax).firstIndex(of: question),
                first + 2 < inner.endIndex, inner[first + 2] == question
            else { return nil }
            // RFC 2231 §5: a language may follow the character set.
            let label = inner[..<first].prefix { $0 != UInt8(ascii: "*") }
            let known = Charset(String(decoding: label, as: UTF8.self))
            isKnown = known != nil
            charset = known ?? .ascii
            switch inner[first + 1] {
            case UInt8(ascii: "B"), UInt8(ascii: "b"): isBase64 = true
            case UInt8(ascii: "Q"), UInt8(ascii: "q"): isBase64 = false
            default: return nil
            }
            let start = first + 3
            let close = Self.close(in: bytes[start...])
            content = bytes[start..<(close ?? start)]
            end = close.map { $0 + 2 }
        }

        private static func close(in bytes: ArraySlice<UInt8>) -> Int? {
            var from = bytes.startIndex
            while let mark = bytes[from...].firstIndex(of: UInt8(ascii: "?")) {
                if mark + 1 < bytes.endIndex, bytes[mark + 1] == UInt8(ascii: "=") { return mark }
                from = mark + 1
            }
            return nil
        }

        var decoded: [UInt8] { isBase64 ? Base64.decode(content, bytesMax: .max) : quoted }

        /// RFC 2047 §4.2. QUIRK: `= C3`, where something folded the line within a word.
        private var quoted: [UInt8] {
            var output: [UInt8] = []
            output.reserveCapacity(content.count)
            var index = content.startIndex
            while index < content.endIndex {
                let byte = content[index]
                if byte == UInt8(ascii: "="), let (value, next) = octet(after: index) {
                    output.append(value)
                    index = next
                } else {
                    output.append(byte == UInt8(ascii: "_") ? 32 : byte)
                    index += 1
                }
            }
            return output
        }

        private func octet(after mark: Int) -> (UInt8, next: Int)? {
            var index = mark + 1
            while index < content.endIndex, index < mark + 4, HeaderCursor.isSpace(content[index]) {
                index += 1
            }
            guard index + 1 < content.endIndex, let high = Hexadecimal.value(content[index]),
                let low = Hexadecimal.value(content[index + 1])
            else { return nil }
            return (high << 4 | low, index + 2)
        }
    }
}
