/// How a header or a body is brought into the form that is signed. RFC 6376 §3.4
package enum Canonicalization: String, Sendable, Hashable {
    case simple
    case relaxed

    /// Appends a header field in the form that is signed, with its final CRLF. `omitted` is left
    /// out: the value of the signature's own `b=`. RFC 6376 §3.4.1, RFC 6376 §3.4.2, RFC 6376 §3.7
    package func append(
        _ field: MailFields.Field, of bytes: [UInt8], omitting omitted: Range<Int>? = nil,
        to output: inout [UInt8]
    ) {
        bytes.withUnsafeBytes { buffer in
            let end = buffer.withoutLineEnd(field.range)
            let before = omitted.map { min($0.lowerBound, end) } ?? end
            let after = omitted.map { min($0.upperBound, end) } ?? end
            switch self {
            case .simple:
                output.append(contentsOf: buffer[field.range.lowerBound..<before])
                output.append(contentsOf: buffer[after..<end])
            case .relaxed:
                output.append(contentsOf: field.name.utf8)
                output.append(UInt8(ascii: ":"))
                var spaces = FieldSpaces()
                spaces.append(buffer[field.bodyStart..<before], to: &output)
                spaces.append(buffer[after..<end], to: &output)
            }
        }
        output.append(0x0D)
        output.append(0x0A)
    }
}

/// The white space of a relaxed field's value: none at its ends, one space for each run within,
/// where a line end before white space is part of the run.
private struct FieldSpaces {
    private var isFirst = true
    private var isPending = false

    mutating func append(_ bytes: Slice<UnsafeRawBufferPointer>, to output: inout [UInt8]) {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            if byte.isWhiteSpace || byte == 0x0A || bytes.isLineEnd(at: index) {
                isPending = true
            } else {
                if isPending, !isFirst { output.append(UInt8(ascii: " ")) }
                isPending = false
                isFirst = false
                output.append(byte)
            }
            index += 1
        }
    }
}

extension Slice<UnsafeRawBufferPointer> {
    /// A CR that an LF follows; a bare one is a byte like any other.
    fileprivate func isLineEnd(at index: Int) -> Bool {
        self[index] == 0x0D && index + 1 < endIndex && self[index + 1] == 0x0A
    }
}

extension UnsafeRawBufferPointer {
    /// The end of a field without its last line's end.
    fileprivate func withoutLineEnd(_ range: Range<Int>) -> Int {
        var end = range.upperBound
        if end > range.lowerBound, self[end - 1] == 0x0A { end -= 1 }
        if end > range.lowerBound, end < range.upperBound, self[end - 1] == 0x0D { end -= 1 }
        return end
    }
}
