extension HeaderParameters {
    /// One parameter of a field that we write: a quoted string where the value is printable ASCII,
    /// else RFC 2231's extended form of UTF-8.
    static func text(_ name: StaticString, _ value: String) -> String {
        if value.utf8.allSatisfy({ $0 >= 32 && $0 < 127 }) {
            return "\(name)=\(value.quotedString)"
        }
        let encoded = value.utf8.map { byte in
            isUnreserved(byte)
                ? String(UnicodeScalar(byte))
                : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
        return "\(name)*=utf-8''\(encoded.joined())"
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        byte.isASCIIDigit || byte.isASCIILetter || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
    }
}
