/// Ways to cut an input: whole, in single bytes, and three that follow from the input itself, so
/// that a find is one on every run.
enum Splits {
    static let ways = 5

    static func of(_ bytes: ArraySlice<UInt8>) -> [[ArraySlice<UInt8>]] {
        var random = Random(seed: bytes)
        return [[bytes], bytes.indices.map { bytes[$0...$0] }]
            + [2, 9, 64].map { longest in cut(bytes, longest, &random) }
    }

    private static func cut(
        _ bytes: ArraySlice<UInt8>, _ longest: Int, _ random: inout Random
    ) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var rest = bytes
        while !rest.isEmpty {
            let piece = rest.prefix(1 + random.next(below: longest))
            pieces.append(piece)
            rest = rest[piece.endIndex...]
        }
        return pieces
    }

    /// What `run` makes of the bytes, which must be the same for every way to cut them.
    static func same<Result: Equatable>(
        _ bytes: ArraySlice<UInt8>, _ run: ([ArraySlice<UInt8>]) throws -> Result
    ) throws -> Result {
        let whole = try run([bytes])
        for pieces in of(bytes).dropFirst() {
            let sizes = pieces.prefix(40).map(\.count)
            try requireEqual(try run(pieces), whole, "cut in pieces of \(sizes)")
        }
        return whole
    }

    /// FNV-1a for a seed, xorshift for what follows: few bits are enough.
    private struct Random {
        private var state: UInt64

        init(seed: ArraySlice<UInt8>) {
            let hash = seed.reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
                ($0 ^ UInt64($1)) &* 0x100_0000_01B3
            }
            state = hash | 1
        }

        mutating func next(below limit: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(limit))
        }
    }
}
