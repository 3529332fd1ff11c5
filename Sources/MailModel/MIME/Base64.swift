/// Base64 as it is met: line ends and what is no digit are passed over (RFC 2045 §6.8), padding may
/// be missing, and more may follow it.
enum Base64 {
    /// At most `bytesMax` bytes.
    static func decode(_ input: ArraySlice<UInt8>, bytesMax: Int) -> [UInt8] {
        let capacity = min(input.count / 4 * 3 + 3, max(0, bytesMax))
        return [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
            input.withUnsafeBytes { bytes in
                values.withUnsafeBufferPointer { values in
                    count = run(bytes, values, into: output)
                }
            }
        }
    }

    /// Fills `output` at most; the count of bytes written.
    private static func run(
        _ input: UnsafeRawBufferPointer, _ values: UnsafeBufferPointer<UInt8>,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        var count = 0
        var group: UInt32 = 0
        var digits = 0
        func flush() {
            // Of one digit too few there is no byte; its bits go.
            if digits == 3, count < output.count {
                output[count] = UInt8(truncatingIfNeeded: group >> 10)
                count += 1
                if count < output.count {
                    output[count] = UInt8(truncatingIfNeeded: group >> 2)
                    count += 1
                }
            } else if digits == 2, count < output.count {
                output[count] = UInt8(truncatingIfNeeded: group >> 4)
                count += 1
            }
            group = 0
            digits = 0
        }
        for byte in input {
            let value = values[Int(byte)]
            guard value < 64 else {
                if byte == UInt8(ascii: "=") { flush() }
                continue
            }
            group = group << 6 | UInt32(value)
            digits += 1
            guard digits == 4 else { continue }
            guard count + 3 <= output.count else { break }
            output[count] = UInt8(truncatingIfNeeded: group >> 16)
            output[count + 1] = UInt8(truncatingIfNeeded: group >> 8)
            output[count + 2] = UInt8(truncatingIfNeeded: group)
            count += 3
            group = 0
            digits = 0
        }
        // Where the room ends within a group, its first bytes still fit.
        if digits == 4 {
            group >>= 6
            digits = 3
        }
        flush()
        return count
    }

    /// For each byte its digit's value, or 255.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (value, digit) in digits.utf8.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()
}
