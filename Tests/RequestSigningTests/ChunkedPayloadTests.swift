import RequestSigning
import Testing

@Suite struct ChunkedPayloadTests {
    private static let content = Array(repeating: UInt8(ascii: "a"), count: 66_560)

    private static func chunk(_ size: Int, _ signature: String) -> [UInt8] {
        Array("\(String(size, radix: 16));chunk-signature=\(signature)\r\n".utf8)
            + content.prefix(size) + (size > 0 ? [13, 10] : [])
    }

    private static let published =
        chunk(65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648")
        + chunk(1_024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497")
        + chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9") + [13, 10]

    private static let publishedWithTrailer =
        chunk(65_536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2")
        + chunk(1_024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7")
        + chunk(0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992")
        + Array(
            """
            x-amz-checksum-crc32c:sOO8/Q==\r
            x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r
            \r\n
            """.utf8)

    private static func read(
        _ bytes: [UInt8], of request: PublishedRequest, pieceBytes: Int = .max
    ) throws -> (content: [UInt8], payload: ChunkedPayload) {
        let verified = try request.verified()
        var payload = try #require(ChunkedPayload(verified.payload, verified.seed))
        var content: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            content += try payload.take(rest.prefix(pieceBytes))
            rest = rest.dropFirst(pieceBytes)
        }
        return (content, payload)
    }

    @Test(arguments: [1, 2, 7, 1_000, 65_536, .max])
    func publishedChunksAreTheirSigners(_ pieceBytes: Int) throws {
        let plain = try Self.read(Self.published, of: .chunked, pieceBytes: pieceBytes)
        #expect(plain.payload.isComplete)
        #expect(plain.content == Self.content)
        let trailed = try Self.read(
            Self.publishedWithTrailer, of: .chunkedWithTrailer, pieceBytes: pieceBytes)
        #expect(trailed.payload.isComplete)
        #expect(trailed.content == Self.content)
        #expect(trailed.payload.trailers.map(\.name) == ["x-amz-checksum-crc32c"])
        #expect(trailed.payload.trailers.map(\.value) == ["sOO8/Q=="])
    }

    /// Each piece that is cut off leaves it incomplete, without a failure.
    @Test func whatIsCutIsNotComplete() throws {
        for end in stride(from: 0, to: Self.publishedWithTrailer.count, by: 97) {
            let (_, payload) = try Self.read(
                Array(Self.publishedWithTrailer[..<end]), of: .chunkedWithTrailer)
            #expect(!payload.isComplete)
        }
        let last = Self.publishedWithTrailer.dropLast()
        #expect(try !Self.read(Array(last), of: .chunkedWithTrailer).payload.isComplete)
    }

    /// Any byte that is another is found by the end of its chunk, or of the trailer.
    @Test func whatIsChangedIsFound() throws {
        let bytes = Self.publishedWithTrailer
        let places =
            [0, 5, 30, 90, 1_000, 65_600, 65_625, 65_700, 66_700] + [
                bytes.count - 200, bytes.count - 100, bytes.count - 50, bytes.count - 3,
            ]
        for place in places {
            var changed = bytes
            changed[place] ^= 1
            let isFound: Bool
            do {
                isFound = try !Self.read(changed, of: .chunkedWithTrailer).payload.isComplete
            } catch is ChunkedPayload.Failure {
                isFound = true
            }
            #expect(isFound, "byte \(place)")
        }
        // A trailer without its signature.
        let cut = bytes.count - "x-amz-trailer-signature:\r\n\r\n".utf8.count - 64
        #expect(throws: ChunkedPayload.Failure.otherSignature) {
            try Self.read(Array(bytes[..<cut]) + [13, 10], of: .chunkedWithTrailer)
        }
        // Bytes behind the end.
        #expect(throws: ChunkedPayload.Failure.malformed) {
            try Self.read(bytes + [0], of: .chunkedWithTrailer)
        }
    }

    @Test(arguments: [
        "\r\n", "x\r\n", "-1\r\n", "10000000;chunk-signature=0\r\n", "1\r\na\r\n", "1\n",
        "1;chunk-signature=\r\n", "1;other=0\r\n", String(repeating: "0", count: 1_025),
    ])
    func whatIsNoChunk(_ text: String) {
        #expect(throws: ChunkedPayload.Failure.malformed) {
            try Self.read(Array(text.utf8), of: .chunked)
        }
    }
}
