/// Base64, of bodies and of tags. RFC 4648 §4
package enum Base64 {
    // MARK: Writing

    /// With padding, without line ends.
    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
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

    package static func text(_ bytes: [UInt8]) -> String {
        String(decoding: encode(bytes), as: UTF8.self)
    }

    // MARK: Reading

    /// As the grammar of tags has it: nil where something else stands in it than digits and folding
    /// white space, or where its end is none. Final padding may be left out. RFC 6376 §2.10,
    /// RFC 6376 §3.2
    package static func decodeStrictly(_ input: ArraySlice<UInt8>) -> [UInt8]? {
        var digits = 0
        var padding = 0
        for byte in input {
            if values[Int(byte)] < 64 {
                guard padding == 0 else { return nil }
                digits += 1
            } else if byte == UInt8(ascii: "=") {
                padding += 1
            } else if !HeaderCursor.isSpace(byte) {
                return nil
            }
        }
        switch (digits % 4, padding) {
        case (0, 0), (2, 0), (2, 2), (3, 0), (3, 1): return decode(input, bytesMax: .max)
        default: return nil
        }
    }

    /// As it is met: line ends and what is no digit are passed over, padding may be missing. It ends
    /// at its padding (RFC 2045 §6.8), unless whole lines of digits follow: what was encoded in
    /// pieces is read on by some, so it must not be hidden here. At most `bytesMax` bytes.
    static func decode(_ input: ArraySlice<UInt8>, bytesMax: Int) -> [UInt8] {
        let capacity = min(input.count / 4 * 3 + 3, max(0, bytesMax))
        return [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
            input.withUnsafeBytes { bytes in
                values.withUnsafeBufferPointer { values in
                    var decoder = Decoder(input: bytes, values: values, output: output)
                    decoder.run()
                    count = decoder.count
                }
            }
        }
    }

    /// Whether at least half of the lines up to the padding hold digits and nothing else.
    static func isLikely(_ input: ArraySlice<UInt8>) -> Bool {
        var lines = Lines(input)
        var balance = 0
        while let range = lines.next() {
            var line = input[range].drop(while: HeaderCursor.isSpace)
            while let last = line.last, HeaderCursor.isSpace(last) { line.removeLast() }
            let rest = line.drop { values[Int($0)] < 64 }
            guard !line.isEmpty else { continue }
            balance += rest.isEmpty || rest.first == UInt8(ascii: "=") ? 1 : -1
            if rest.first == UInt8(ascii: "=") { break }
        }
        return balance >= 0
    }

    private struct Decoder {
        let input: UnsafeRawBufferPointer
        let values: UnsafeBufferPointer<UInt8>
        let output: UnsafeMutableBufferPointer<UInt8>
        /// Bytes written.
        private(set) var count = 0
        private var index = 0
        /// Up to three digits that make no whole group yet.
        private var group: UInt32 = 0
        private var digits = 0

        init(
            input: UnsafeRawBufferPointer, values: UnsafeBufferPointer<UInt8>,
            output: UnsafeMutableBufferPointer<UInt8>
        ) {
            self.input = input
            self.values = values
            self.output = output
        }

        mutating func run() {
            while index < input.count, count < output.count {
                if digits == 0 { takeGroups() }
                guard index < input.count else { break }
                let byte = input[index]
                index += 1
                let value = values[Int(byte)]
                if value < 64 {
                    take(value)
                } else if byte == UInt8(ascii: "=") {
                    flush()
                    guard skipToDigits() else { return }
                }
            }
            flush()
        }

        /// Groups of four digits without anything between, while the room lasts.
        private mutating func takeGroups() {
            while index + 4 <= input.count, count + 3 <= output.count {
                let first = values[Int(input[index])]
                let second = values[Int(input[index + 1])]
                let third = values[Int(input[index + 2])]
                let fourth = values[Int(input[index + 3])]
                guard first | second | third | fourth < 64 else { return }
                output[count] = first << 2 | second >> 4
                output[count + 1] = second << 4 | third >> 2
                output[count + 2] = third << 6 | fourth
                index += 4
                count += 3
            }
        }

        private mutating func take(_ value: UInt8) {
            group = group << 6 | UInt32(value)
            digits += 1
            guard digits == 4 else { return }
            write(UInt8(truncatingIfNeeded: group >> 16))
            write(UInt8(truncatingIfNeeded: group >> 8))
            write(UInt8(truncatingIfNeeded: group))
            group = 0
            digits = 0
        }

        /// The bytes that the digits of a group that does not become whole still give.
        private mutating func flush() {
            if digits == 3 {
                write(UInt8(truncatingIfNeeded: group >> 10))
                write(UInt8(truncatingIfNeeded: group >> 2))
            } else if digits == 2 {
                write(UInt8(truncatingIfNeeded: group >> 4))
            }
            group = 0
            digits = 0
        }

        private mutating func write(_ byte: UInt8) {
            guard count < output.count else { return }
            output[count] = byte
            count += 1
        }

        /// To the next line, if it has nothing but digits and padding.
        private mutating func skipToDigits() -> Bool {
            while index < input.count, input[index] != UInt8(ascii: "\n") { index += 1 }
            index += 1
            var end = index
            while end < input.count, input[end] != UInt8(ascii: "\n") {
                let byte = input[end]
                let isGood = values[Int(byte)] < 64 || byte == UInt8(ascii: "=") || byte == 13
                guard isGood else { return false }
                end += 1
            }
            return end > index
        }
    }

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// For each byte its digit's value, or 255.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, digit) in alphabet.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()
}
