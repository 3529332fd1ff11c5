import NIOCore
import SMTPProtocol
import Testing

@Suite struct LineDecoderTests {
    private func lines(_ bytes: [UInt8], chunk: Int) -> [LineDecoder.Line] {
        var decoder = LineDecoder(lineBytesMax: 8)
        var lines: [LineDecoder.Line] = []
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            var input = ByteBuffer(bytes: bytes[start..<min(start + chunk, bytes.count)])
            while let line = decoder.next(&input) {
                lines.append(line)
                if line == .endless { return lines }
            }
        }
        return lines
    }

    private func line(_ count: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(ascii: "x"), count: count - 2) + [13, 10]
    }

    /// Of a line that is too long the first four bytes are told, however they come.
    @Test(arguments: [1, 3, 5, 100])
    func tellsHowALineBegan(chunk: Int) {
        let long = Array("BDAT 12345\r\n".utf8)
        let start = LineDecoder.Line.tooLong(start: ByteBuffer(string: "BDAT"))
        #expect(lines(long + long, chunk: chunk) == [start, start])
    }

    /// S8: a line that has no end is told from one that is too long by its bytes, however they come.
    @Test(arguments: [7, 4_096, 1_000_000])
    func limitsALineAtItsEdges(chunk: Int) {
        let endlessAt = 8 + LineDecoder.skippedBytesMax
        let good = LineDecoder.Line.line(ByteBuffer(string: "xxxxxx"))
        #expect(lines(line(8), chunk: chunk) == [good])
        let tooLong = LineDecoder.Line.tooLong(start: ByteBuffer(string: "xxxx"))
        #expect(lines(line(9) + line(8), chunk: chunk) == [tooLong, good])
        #expect(lines(line(endlessAt) + line(8), chunk: chunk) == [tooLong, good])
        #expect(lines(line(endlessAt + 1), chunk: chunk) == [.endless])
    }
}
