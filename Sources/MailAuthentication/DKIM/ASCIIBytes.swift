extension UInt8 {
    var isASCIILetter: Bool { self | 0x20 >= UInt8(ascii: "a") && self | 0x20 <= UInt8(ascii: "z") }
    var isASCIIDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
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
        var slice = self
        while let first = slice.first, first.isFoldingSpace { slice.removeFirst() }
        while let last = slice.last, last.isFoldingSpace { slice.removeLast() }
        return slice
    }

    /// The parts between the colons of a list tag, each without surrounding white space.
    func colonSeparated() -> [ArraySlice<UInt8>] {
        split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            .map { $0.trimmingFoldingSpace() }
    }

    func equals(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { elementsEqual($0) }
    }

    /// Without regard to the case of ASCII letters; `text` is in lower case.
    func equalsIgnoringCase(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { wanted in
            count == wanted.count && zip(self, wanted).allSatisfy { $0.asciiLowercased == $1 }
        }
    }
}
