/// Quoted-printable as it is met: digits in either case, an `=` that means nothing stays, space at
/// the ends of lines goes. RFC 2045 §6.7
enum QuotedPrintable {
    /// At most `bytesMax` bytes.
    static func decode(_ input: ArraySlice<UInt8>, bytesMax: Int) -> [UInt8] {
        let capacity = min(input.count, max(0, bytesMax))
        return [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
            count = input.withUnsafeBytes { run($0, into: output) }
        }
    }

    /// Fills `output` at most; the count of bytes written.
    private static func run(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        var count = 0
        // Behind the last byte that is no space written as itself.
        var solid = 0
        var index = 0
        while index < input.count, count < output.count {
            let byte = input[index]
            switch byte {
            case UInt8(ascii: "="):
                if let next = softBreak(input, after: index) {
                    index = next
                    solid = count
                    continue
                }
                if index + 2 < input.count, let high = Hexadecimal.value(input[index + 1]),
                    let low = Hexadecimal.value(input[index + 2])
                {
                    output[count] = high << 4 | low
                    index += 3
                } else {
                    output[count] = byte
                    index += 1
                }
                count += 1
                solid = count
            case UInt8(ascii: " "), UInt8(ascii: "\t"):
                output[count] = byte
                count += 1
                index += 1
            case UInt8(ascii: "\n"):
                count = solid
                output[count] = byte
                count += 1
                solid = count
                index += 1
            case UInt8(ascii: "\r")
            where index + 1 < input.count
                && input[index + 1] == UInt8(ascii: "\n"):
                count = solid
                output[count] = byte
                count += 1
                solid = count
                index += 1
            default:
                output[count] = byte
                count += 1
                solid = count
                index += 1
            }
        }
        // Where the room ends in spaces it is open whether they stay.
        return solid
    }

    /// Behind the line end that the `=` at `mark` takes away, with the space between them.
    private static func softBreak(_ input: UnsafeRawBufferPointer, after mark: Int) -> Int? {
        var index = mark + 1
        while index < input.count, input[index] == 32 || input[index] == 9 { index += 1 }
        guard index < input.count else { return index }
        if input[index] == UInt8(ascii: "\n") { return index + 1 }
        guard input[index] == UInt8(ascii: "\r") else { return nil }
        return index + 1 < input.count && input[index + 1] == UInt8(ascii: "\n")
            ? index + 2 : index + 1
    }
}
