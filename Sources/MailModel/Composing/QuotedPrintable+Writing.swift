extension QuotedPrintable {
    /// Characters of an encoded line, its soft line break included. RFC 2045 §6.7
    private static let lineMax = 76

    /// Text with CRLF line ends, in 7-bit lines. What ends a line alone is its line end: a bare CR
    /// or LF is encoded. RFC 2045 §6.7
    static func encode(_ text: some Sequence<UInt8>) -> [UInt8] {
        let bytes = Array(text)
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + bytes.count / 8)
        var lineCount = 0
        var index = 0
        while index < bytes.count {
            if isLineEnd(bytes, at: index) {
                output += [13, 10]
                lineCount = 0
                index += 2
                continue
            }
            let byte = bytes[index]
            index += 1
            let isLast = index == bytes.count || isLineEnd(bytes, at: index)
            let isPlain =
                (byte > 32 && byte < 127 && byte != UInt8(ascii: "="))
                || ((byte == 32 || byte == 9) && !isLast)
            let length = isPlain ? 1 : 3
            if lineCount + length > lineMax - (isLast ? 0 : 1) {
                output += [UInt8(ascii: "="), 13, 10]
                lineCount = 0
            }
            output += isPlain ? [byte] : [UInt8(ascii: "="), digit(byte >> 4), digit(byte & 15)]
            lineCount += length
        }
        return output
    }

    private static func isLineEnd(_ bytes: [UInt8], at index: Int) -> Bool {
        bytes[index] == 13 && index + 1 < bytes.count && bytes[index + 1] == 10
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
