import Foundation

/// RFC 2047's encoded words: `=?charset?B?…?=` and `=?charset?Q?…?=`.
package enum EncodedWords {
    /// Words that are decoded of one body; what follows stays as written.
    package static let wordsMax = 1_000
    /// Bytes of UTF-8 that the decoded words of one body may have; what follows stays as written.
    package static let decodedBytesMax = 65_536

    /// `body` as text, its encoded words decoded; a word that cannot be decoded stays as written,
    /// space between two encoded words goes. RFC 2047 §6.2
    package static func decode(_ body: [UInt8]) -> String {
        guard body.contains(UInt8(ascii: "=")) else { return String(decoding: body, as: UTF8.self) }
        var text = ""
        var rest = body[...]
        var spaceAfterWord: ArraySlice<UInt8>?
        var words = 0
        var decodedBytes = 0
        while words < wordsMax, let start = firstMark(in: rest) {
            let before = rest[..<start]
            if let word = Word(rest[start...]), let decoded = word.decoded {
                words += 1
                decodedBytes += decoded.utf8.count
                guard decodedBytes <= decodedBytesMax else { break }
                let isOnlySpace = before.allSatisfy { $0 == 32 || $0 == 9 }
                if spaceAfterWord == nil || !isOnlySpace {
                    text += String(decoding: before, as: UTF8.self)
                }
                text += decoded
                rest = rest[word.end...]
                spaceAfterWord = rest
            } else {
                text += String(decoding: rest[...(start + 1)], as: UTF8.self)
                rest = rest[(start + 2)...]
                spaceAfterWord = nil
            }
        }
        return text + String(decoding: rest, as: UTF8.self)
    }

    /// As `decode`, but what stands in quotes stays as written: RFC 2047 §5 has no encoded word
    /// there.
    package static func decodeOutsideQuotes(_ body: [UInt8]) -> String {
        var text = ""
        var segment: [UInt8] = []
        var isQuoted = false
        var isEscaped = false
        for byte in body {
            if isQuoted {
                segment.append(byte)
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    text += String(decoding: segment, as: UTF8.self)
                    segment = []
                    isQuoted = false
                }
            } else {
                if byte == UInt8(ascii: "\"") {
                    text += decode(segment)
                    segment = []
                    isQuoted = true
                }
                segment.append(byte)
            }
        }
        return text + (isQuoted ? String(decoding: segment, as: UTF8.self) : decode(segment))
    }

    private static func firstMark(in bytes: ArraySlice<UInt8>) -> Int? {
        var from = bytes.startIndex
        while let mark = bytes[from...].firstIndex(of: UInt8(ascii: "=")) {
            if mark + 1 < bytes.endIndex, bytes[mark + 1] == UInt8(ascii: "?") { return mark }
            from = mark + 1
        }
        return nil
    }

    private struct Word {
        let charset: Charset
        let isBase64: Bool
        let content: ArraySlice<UInt8>
        /// Behind the final `?=`.
        let end: Int

        /// The word at the start of `bytes`, if one stands there.
        init?(_ bytes: ArraySlice<UInt8>) {
            let question = UInt8(ascii: "?")
            let inner = bytes.dropFirst(2)
            guard let first = inner.firstIndex(of: question),
                let second = inner[(first + 1)...].firstIndex(of: question),
                let third = inner[(second + 1)...].firstIndex(of: question),
                third + 1 < inner.endIndex, inner[third + 1] == UInt8(ascii: "=")
            else { return nil }
            // RFC 2231 §5: a language may follow the character set.
            let label = inner[..<first].prefix { $0 != UInt8(ascii: "*") }
            guard label.count <= 40, let charset = Charset(String(decoding: label, as: UTF8.self))
            else { return nil }
            switch String(decoding: inner[(first + 1)..<second], as: UTF8.self).uppercased() {
            case "B": isBase64 = true
            case "Q": isBase64 = false
            default: return nil
            }
            self.charset = charset
            content = inner[(second + 1)..<third]
            end = third + 2
        }

        var decoded: String? {
            guard let bytes = isBase64 ? base64 : quoted else { return nil }
            guard let text = charset.text(bytes) else { return nil }
            // A decoded line end or NUL would be a way to forge what the header does not say.
            return String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 32 }))
        }

        private var base64: [UInt8]? {
            var padded = Array(content)
            while padded.count % 4 != 0 { padded.append(UInt8(ascii: "=")) }
            return Data(base64Encoded: Data(padded), options: .ignoreUnknownCharacters).map {
                Array($0)
            }
        }

        private var quoted: [UInt8]? {
            var output: [UInt8] = []
            var index = content.startIndex
            while index < content.endIndex {
                let byte = content[index]
                if byte == UInt8(ascii: "="), index + 2 < content.endIndex,
                    let value = UInt8(
                        String(decoding: content[(index + 1)...(index + 2)], as: UTF8.self),
                        radix: 16)
                {
                    output.append(value)
                    index += 3
                } else {
                    output.append(byte == UInt8(ascii: "_") ? 32 : byte)
                    index += 1
                }
            }
            return output
        }
    }
}
