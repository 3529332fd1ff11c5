extension EncodedWords {
    /// Bytes of text in one word, so that it has at most 75 characters. RFC 2047 §2
    private static let wordBytesMax = 45

    /// `text` in printable ASCII: as it is, or in words of UTF-8, of which none ends within a
    /// character. Control characters become spaces.
    package static func encode(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { $0 >= 32 && $0 < 127 } && !text.contains("=?")
        guard !isPlain else { return text }
        var words: [String] = []
        var word: [UInt8] = []
        func end() {
            if !word.isEmpty { words.append("=?UTF-8?B?\(Base64.text(word))?=") }
            word = []
        }
        for scalar in text.unicodeScalars {
            let bytes = scalar.isControl ? [32] : Array(String(scalar).utf8)
            if word.count + bytes.count > wordBytesMax { end() }
            word += bytes
        }
        end()
        return words.joined(separator: " ")
    }
}
