import NIOCore
import SMTPProtocol

extension FuzzTarget {
    /// A mail's data after DATA and in chunks, under both policies: the same at any split, with the
    /// end and the lines that a naive reading finds.
    ///
    /// The first byte chooses the limit of a line.
    static let data = FuzzTarget("data") { bytes in
        guard let first = bytes.first else { return }
        let lineBytesMax = 4 << Int(first % 12)
        let input = bytes.dropFirst()
        var ends: [Int?] = []
        for policy in BareLineEndPolicy.allCases {
            for framing in [DataDecoder.Framing.dots, .counted] {
                let decoder = DataDecoder(
                    framing: framing, policy: policy, lineBytesMax: lineBytesMax)
                let decoded = try Splits.same(input) { try DecodedData($0, decoder, framing) }
                try decoded.check(against: Array(input), framing, policy, lineBytesMax)
                if framing == .dots { ends.append(decoded.end) }
            }
        }
        try requireEqual(ends[0], ends[1], "the end under either policy")
    }
}

private struct DecodedData: Equatable {
    private var content: [UInt8] = []
    private var fault: DataFault?
    /// Bytes up to DATA's end.
    private(set) var end: Int?

    init(
        _ pieces: [ArraySlice<UInt8>], _ decoder: DataDecoder, _ framing: DataDecoder.Framing
    ) throws {
        var decoder = decoder
        var taken: [DataPiece] = []
        for piece in pieces {
            var input = ByteBuffer(bytes: piece)
            if decoder.decode(&input, { taken.append($0) }) {
                end = piece.endIndex - input.readableBytes - pieces[0].startIndex
                break
            }
            try require(input.readableBytes == 0, "bytes left before the end")
        }
        if framing == .counted { decoder.finish { taken.append($0) } }
        for piece in taken {
            switch piece {
            case .content(let bytes):
                try require(fault == nil, "content behind a fault")
                content += bytes.readableBytesView
            case .fault(let new):
                try require(fault == nil, "two faults")
                fault = new
            }
        }
    }

    func check(
        against input: [UInt8], _ framing: DataDecoder.Framing, _ policy: BareLineEndPolicy,
        _ lineBytesMax: Int
    ) throws {
        try requireEqual(end, framing == .dots ? Self.end(of: input) : nil, "DATA's end")
        try require(content.count <= 2 * input.count + 2, "more came out than went in")
        guard fault == nil, end != nil || framing == .counted else { return }
        try require(Self.isOfWholeLines(content, lineBytesMax), "content of whole lines")
        guard policy == .refuse else { return }
        switch framing {
        case .dots:
            let lines = input[..<max(0, (end ?? 0) - 3)]
            try requireEqual(content, Self.unstuffed(lines), "lines as they came")
        case .counted:
            let isEnded = input.isEmpty || input.suffix(2) == [13, 10]
            try requireEqual(content, input + (isEnded ? [] : [13, 10]), "chunks as they came")
        }
    }

    /// RFC 5321 §4.1.1.4: behind the first CRLF.CRLF; the command's own CRLF counts.
    private static func end(of input: [UInt8]) -> Int? {
        let mark: [UInt8] = [13, 10, 46, 13, 10]
        let framed = mark[..<2] + input
        guard framed.count >= mark.count else { return nil }
        for start in framed.indices.dropLast(mark.count - 1)
        where framed[start..<(start + mark.count)] == mark[...] {
            return start + mark.count - 2
        }
        return nil
    }

    /// RFC 5321 §4.5.2: a line's first dot goes, whatever follows it.
    private static func unstuffed(_ lines: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        var isAtStart = true
        for byte in lines {
            if !isAtStart || byte != UInt8(ascii: ".") { output.append(byte) }
            isAtStart = byte == 10
        }
        return output
    }

    private static func isOfWholeLines(_ content: [UInt8], _ lineBytesMax: Int) -> Bool {
        var line = 0
        for (index, byte) in content.enumerated() {
            line += 1
            if byte == 13, index + 1 == content.count || content[index + 1] != 10 { return false }
            guard byte == 10 else { continue }
            guard index > 0, content[index - 1] == 13, line <= lineBytesMax + 2 else {
                return false
            }
            line = 0
        }
        return line == 0
    }
}
