/// The base64 of tags: what is no digit and no folding white space makes it none. Final padding
/// may be left out, as the grammar has it. RFC 6376 §2.10, RFC 6376 §3.2
enum Base64 {
    /// Nil: no base64.
    static func decode(_ input: ArraySlice<UInt8>) -> [UInt8]? {
        var isGood = false
        let output = [UInt8](unsafeUninitializedCapacity: input.count / 4 * 3 + 3) {
            output, count in
            input.withUnsafeBufferPointer { input in
                values.withUnsafeBufferPointer { values in
                    isGood = decode(input, values, into: output, &count)
                }
            }
        }
        return isGood ? output : nil
    }

    private static func decode(
        _ input: UnsafeBufferPointer<UInt8>, _ values: UnsafeBufferPointer<UInt8>,
        into output: UnsafeMutableBufferPointer<UInt8>, _ count: inout Int
    ) -> Bool {
        var group: UInt32 = 0
        var digits = 0
        var padding = 0
        for byte in input {
            let value = values[Int(byte)]
            switch value {
            case space: continue
            case pad:
                padding += 1
                continue
            case none: return false
            default: break
            }
            guard padding == 0 else { return false }
            group = group << 6 | UInt32(value)
            digits += 1
            if digits == 4 {
                output[count] = UInt8(truncatingIfNeeded: group >> 16)
                output[count + 1] = UInt8(truncatingIfNeeded: group >> 8)
                output[count + 2] = UInt8(truncatingIfNeeded: group)
                count += 3
                digits = 0
            }
        }
        switch (digits, padding) {
        case (0, 0): break
        case (2, 0), (2, 2):
            output[count] = UInt8(truncatingIfNeeded: group >> 4)
            count += 1
        case (3, 0), (3, 1):
            output[count] = UInt8(truncatingIfNeeded: group >> 10)
            output[count + 1] = UInt8(truncatingIfNeeded: group >> 2)
            count += 2
        default: return false
        }
        return true
    }

    /// With padding, without line ends.
    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let piece = bytes[start..<min(start + 3, bytes.count)]
            var group = piece.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            group <<= UInt32(8 * (3 - piece.count))
            for digit in 0..<4 {
                let index = Int(group >> UInt32(18 - 6 * digit) & 63)
                output.append(digit <= piece.count ? alphabet[index] : UInt8(ascii: "="))
            }
        }
        return output
    }

    static func text(_ bytes: [UInt8]) -> String { String(decoding: encode(bytes), as: UTF8.self) }

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static let space: UInt8 = 0xFD
    private static let pad: UInt8 = 0xFE
    private static let none: UInt8 = 0xFF

    /// What each byte stands for: a digit's value, or one of the three above.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: none, count: 256)
        for (value, digit) in alphabet.enumerated() { values[Int(digit)] = UInt8(value) }
        for byte in " \t\r\n".utf8 { values[Int(byte)] = space }
        values[Int(UInt8(ascii: "="))] = pad
        return values
    }()
}
