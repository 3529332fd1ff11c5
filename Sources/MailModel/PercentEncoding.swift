/// `%XX`, as URIs have it: of a text there is one encoded form. RFC 3986 §2.1
package enum PercentEncoding {
    /// All bytes but the unreserved ones as `%XX`, with upper-case digits. RFC 3986 §2.3
    package static func encode(
        _ bytes: some Sequence<UInt8>, keepingSlashes: Bool = false
    ) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in bytes {
            if isUnreserved(byte) || keepingSlashes && byte == UInt8(ascii: "/") {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// How long `encode` makes them.
    package static func encodedBytes(of bytes: [UInt8]) -> Int {
        bytes.reduce(0) { $0 + (isUnreserved($1) ? 1 : 3) }
    }

    /// The bytes that `text` stands for; nil where a `%` has no two digits behind it.
    /// `plusIsSpace`: as forms and queries have it.
    package static func decode(
        _ text: some Sequence<UInt8>, plusIsSpace: Bool = false
    ) -> [UInt8]? {
        let bytes = Array(text)
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                guard index + 2 < bytes.count,
                    let value = Hexadecimal.byte(bytes[(index + 1)...(index + 2)])
                else { return nil }
                decoded.append(value)
                index += 3
            } else {
                let isSpace = plusIsSpace && byte == UInt8(ascii: "+")
                decoded.append(isSpace ? UInt8(ascii: " ") : byte)
                index += 1
            }
        }
        return decoded
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        byte.isASCIILetter || byte.isASCIIDigit || "-._~".utf8.contains(byte)
    }
}
