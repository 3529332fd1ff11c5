import NIOCore
import SMTPProtocol
import Testing

/// S10: what leaves is what another server reads as the same mail, and nothing else.
@Suite struct DataEncoderTests {
    private func encode(
        _ text: String, _ framing: DataDecoder.Framing, chunk: Int
    ) throws(ContentFault) -> String {
        let bytes = Array(text.utf8)
        var encoder = DataEncoder(framing: framing)
        var output = ByteBuffer()
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            let piece = ByteBuffer(bytes: bytes[start..<min(start + chunk, bytes.count)])
            output.writeImmutableBuffer(try encoder.encode(piece))
        }
        output.writeImmutableBuffer(try encoder.finish())
        return String(buffer: output)
    }

    static let dots: [(String, String)] = [
        ("", ".\r\n"), ("\r\n", "\r\n.\r\n"), ("a\r\n", "a\r\n.\r\n"), ("a", "a\r\n.\r\n"),
        (".", "..\r\n.\r\n"), (".\r\n", "..\r\n.\r\n"), ("..\r\n", "...\r\n.\r\n"),
        ("a.\r\n", "a.\r\n.\r\n"), ("a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n"),
        ("\r\n.\r\n.\r\n", "\r\n..\r\n..\r\n.\r\n"), ("a\r\n.b\r\n", "a\r\n..b\r\n.\r\n"),
    ]

    @Test(arguments: dots, [1, 2, 3, 100])
    func stuffsDots(_ pair: (String, String), chunk: Int) throws {
        #expect(try encode(pair.0, .dots, chunk: chunk) == pair.1)
        #expect(try encode(pair.0, .counted, chunk: chunk) == pair.0)
    }

    @Test(
        arguments: ["a\nb", "\n", "a\rb", "\r", "\r\r\n", "a\r\n\n.\r\n", "x\r\n.\r", "a\n.\r\n"],
        [1, 2, 100])
    func refusesWhatStandsAlone(_ text: String, chunk: Int) {
        for framing in [DataDecoder.Framing.dots, .counted] {
            #expect(throws: ContentFault.bareLineEnd) {
                try encode(text, framing, chunk: chunk)
            }
        }
    }

    /// The same bytes, not a copy.
    @Test func leavesAPieceWithoutDotsAsItIs() throws {
        let piece = ByteBuffer(string: String(repeating: "line.\r\n", count: 1_000))
        var encoder = DataEncoder(framing: .dots)
        let sent = try encoder.encode(piece)
        let isSame = sent.withUnsafeReadableBytes { sent in
            piece.withUnsafeReadableBytes { $0.baseAddress == sent.baseAddress }
        }
        #expect(isSame)
    }
}
