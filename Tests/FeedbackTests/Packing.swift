/// Archives of nothing but zeros, made without a compressor: blocks of one stored or repeated byte.
enum Packing: CaseIterable {
    case gzip, zip

    func packed(zeros count: Int) -> [UInt8] {
        let deflated = Self.deflated(zeros: count)
        switch self {
        case .gzip:
            return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + deflated + Self.checksum(zeros: count)
                + Self.littleEndian(count)
        case .zip:
            let sizes = Self.littleEndian(deflated.count) + Self.littleEndian(count)
            return [0x50, 0x4B, 3, 4, 20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0] + sizes
                + [1, 0, 0, 0] + Array("r".utf8) + deflated
        }
    }

    private static func littleEndian(_ number: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }

    /// CRC-32, RFC 1952 §8.
    private static func checksum(zeros count: Int) -> [UInt8] {
        let table = (0..<256).map { index -> UInt32 in
            (0..<8).reduce(UInt32(index)) { value, _ in
                value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1
            }
        }
        let crc = (0..<count).reduce(UInt32.max) { value, _ in
            table[Int(value & 0xFF)] ^ (value >> 8)
        }
        return littleEndian(Int(~crc))
    }

    /// RFC 1951 §3.2.6: one block with the fixed codes, in which a zero is followed by repetitions of
    /// 258 bytes at distance 1, and the rest by single zeros.
    private static func deflated(zeros count: Int) -> [UInt8] {
        var bits = Bits()
        bits.append(1, 1)
        bits.append(1, 2)
        guard count > 0 else { return bits.ended() }
        bits.appendCode(0x30, 8)
        let repetitions = (count - 1) / 258
        for _ in 0..<repetitions {
            // Length 258 is code 285; distance 1 is code 0.
            bits.appendCode(0b1100_0101, 8)
            bits.appendCode(0, 5)
        }
        for _ in 0..<((count - 1) % 258) { bits.appendCode(0x30, 8) }
        return bits.ended()
    }

    private struct Bits {
        private var bytes: [UInt8] = []
        private var current: UInt8 = 0
        private var used = 0

        /// From the lowest bit.
        mutating func append(_ value: Int, _ count: Int) {
            for index in 0..<count {
                current |= UInt8(value >> index & 1) << used
                used += 1
                if used == 8 {
                    bytes.append(current)
                    (current, used) = (0, 0)
                }
            }
        }

        /// From the highest bit: Huffman codes.
        mutating func appendCode(_ code: Int, _ count: Int) {
            for index in (0..<count).reversed() { append(code >> index & 1, 1) }
        }

        /// With the end of the block.
        mutating func ended() -> [UInt8] {
            appendCode(0, 7)
            if used > 0 { bytes.append(current) }
            return bytes
        }
    }
}
