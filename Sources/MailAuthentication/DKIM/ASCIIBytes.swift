extension UInt8 {
    /// Space or tab. RFC 5234 §B.1
    var isWhiteSpace: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
    /// What folding white space is made of; in what came as one piece, its line ends too.
    var isFoldingSpace: Bool {
        isWhiteSpace || self == UInt8(ascii: "\r") || self == UInt8(ascii: "\n")
    }
    var asciiLowercased: UInt8 {
        self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z") ? self | 0x20 : self
    }
}

extension ArraySlice<UInt8> {
    func trimmingFoldingSpace() -> ArraySlice<UInt8> {
        // By indices: taking elements off a slice that shares its array copies them.
        var start = startIndex
        var end = endIndex
        while start < end, self[start].isFoldingSpace { start += 1 }
        while start < end, self[end - 1].isFoldingSpace { end -= 1 }
        return self[start..<end]
    }

    /// The parts between the colons of a list tag, each without surrounding white space.
    func colonSeparated() -> [ArraySlice<UInt8>] {
        split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            .map { $0.trimmingFoldingSpace() }
    }

    /// As text, with ASCII letters in lower case.
    var lowercasedText: String {
        withUnsafeBufferPointer { bytes in
            String(unsafeUninitializedCapacity: bytes.count) { text in
                for index in bytes.indices { text[index] = bytes[index].asciiLowercased }
                return bytes.count
            }
        }
    }

    /// What a peer wrote, for those who read verdicts: at most 255 bytes of it, a question mark for
    /// each control character, U+FFFD for what is no UTF-8.
    var shownText: String {
        String(decoding: prefix(255).map { $0 < 0x20 || $0 == 0x7F ? 0x3F : $0 }, as: UTF8.self)
    }

    func equals(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { elementsEqual($0) }
    }
}
