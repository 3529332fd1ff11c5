import NIOCore
import SMTPProtocol
import Testing

@Suite struct ReplyDecoderTests {
    struct Fixture: Sendable, CustomTestStringConvertible {
        var text: String
        var replies: [RemoteReply] = []
        var fault: ReplyFault?

        var testDescription: String { String(text.prefix(60)).debugDescription }
    }

    static func reply(_ code: Int, _ enhanced: EnhancedStatusCode?, _ lines: String...)
        -> RemoteReply
    {
        RemoteReply(code: code, enhanced: enhanced, lines: lines)
    }

    static let fixtures = [
        Fixture(
            text: "220 mx.example.com ESMTP\r\n", replies: [reply(220, nil, "mx.example.com ESMTP")]
        ),
        Fixture(text: "250\r\n", replies: [reply(250, nil, "")]),
        Fixture(text: "250 \n", replies: [reply(250, nil, "")]),
        Fixture(
            text: "250-mx\r\n250-SIZE 10\r\n250 PIPELINING\r\n",
            replies: [reply(250, nil, "mx", "SIZE 10", "PIPELINING")]),
        Fixture(
            text: "250 2.1.0 Ok\r\n550 5.1.1 No\r\n354 Go\r\n",
            replies: [
                reply(250, EnhancedStatusCode(2, 1, 0), "2.1.0 Ok"),
                reply(550, EnhancedStatusCode(5, 1, 1), "5.1.1 No"), reply(354, nil, "Go"),
            ]),
        Fixture(
            text: "550-no code here\r\n550 5.7.999 here\r\n",
            replies: [reply(550, EnhancedStatusCode(5, 7, 999), "no code here", "5.7.999 here")]),
        Fixture(
            text: "550 4.1.1 other class\r\n",
            replies: [reply(550, EnhancedStatusCode(4, 1, 1), "4.1.1 other class")]),
        Fixture(
            text: "450 5.1.1 other class\r\n",
            replies: [reply(450, EnhancedStatusCode(5, 1, 1), "5.1.1 other class")]),
        Fixture(text: "550 2.1.1 no no\r\n", replies: [reply(550, nil, "2.1.1 no no")]),
        Fixture(text: "250 4.1.1 no yes\r\n", replies: [reply(250, nil, "4.1.1 no yes")]),
        Fixture(text: "354 5.1.1 go\r\n", replies: [reply(354, nil, "5.1.1 go")]),
        Fixture(text: "550 5.1.1234 long\r\n", replies: [reply(550, nil, "5.1.1234 long")]),
        Fixture(text: "550 5.1. x\r\n", replies: [reply(550, nil, "5.1. x")]),
        Fixture(text: "571 5.1.1\r\n", replies: [reply(571, EnhancedStatusCode(5, 1, 1), "5.1.1")]),
        Fixture(text: "250 a\u{0}\u{1B}[2Jé\rb\r\n", replies: [reply(250, nil, "a??[2J???b")]),
        Fixture(text: "\r\n", fault: .malformed),
        Fixture(text: "25\r\n", fault: .malformed),
        Fixture(text: "2500 x\r\n", fault: .malformed),
        Fixture(text: "150 x\r\n", fault: .malformed),
        Fixture(text: "650 x\r\n", fault: .malformed),
        Fixture(text: "HTTP/1.1 400 Bad Request\r\n", fault: .malformed),
        Fixture(text: "\u{16}\u{3}\u{1}\u{0}\n", fault: .malformed),
        Fixture(text: "250-a\r\n251 b\r\n", fault: .codesDiffer),
        Fixture(text: "250-a\r\n220 mx\r\n", fault: .codesDiffer),
        Fixture(
            text: "250 " + String(repeating: "x", count: ReplyDecoder.lineBytesMax - 6) + "\r\n",
            replies: [reply(250, nil, String(repeating: "x", count: ReplyDecoder.lineBytesMax - 6))]
        ),
        Fixture(
            text: "250 " + String(repeating: "x", count: ReplyDecoder.lineBytesMax - 5) + "\r\n",
            fault: .tooLong),
        Fixture(
            text: String(repeating: "250-x\r\n", count: ReplyDecoder.replyBytesMax / 7) + "250\r\n",
            fault: .tooLong),
    ]

    private func decode(_ bytes: [UInt8], chunk: Int) -> ([RemoteReply], ReplyFault?) {
        var decoder = ReplyDecoder()
        var replies: [RemoteReply] = []
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            var input = ByteBuffer(bytes: bytes[start..<min(start + chunk, bytes.count)])
            do throws(ReplyFault) {
                while let reply = try decoder.next(&input) { replies.append(reply) }
            } catch {
                return (replies, error)
            }
        }
        return (replies, nil)
    }

    @Test(arguments: fixtures, [1, 7, 100_000])
    func reads(_ fixture: Fixture, chunk: Int) {
        let (replies, fault) = decode(Array(fixture.text.utf8), chunk: chunk)
        #expect(replies == fixture.replies)
        #expect(fault == fixture.fault)
    }

    @Test func keepsTheFirstLinesOfMany() throws {
        let count = ReplyDecoder.linesKeptMax + 1
        let text = (1..<count).map { "250-\($0)\r\n" }.joined() + "250 last\r\n"
        let (replies, _) = decode(Array(text.utf8), chunk: 1_000)
        #expect(replies.first?.lines.count == ReplyDecoder.linesKeptMax)
        #expect(replies.first?.lines.last == "\(ReplyDecoder.linesKeptMax)")
    }

    @Test func keepsSoManyBytesOfText() throws {
        let line = String(repeating: "x", count: ReplyDecoder.textBytesMax / 2)
        let text = "250-\(line)\r\n250-\(line)\r\n250 x\r\n"
        let (replies, _) = decode(Array(text.utf8), chunk: 1_000)
        #expect(replies.first?.lines == [line, line])
    }

    /// A reply that never ends is given up after its limit, whatever follows.
    @Test func endsAReplyOf100Megabytes() {
        var decoder = ReplyDecoder()
        var taken = 0
        let piece = ByteBuffer(string: String(repeating: "250-more\r\n", count: 1_000))
        for _ in 0..<10_000 {
            var input = piece
            do throws(ReplyFault) {
                while try decoder.next(&input) != nil {}
            } catch {
                #expect(error == .tooLong)
                #expect(taken <= ReplyDecoder.replyBytesMax)
                return
            }
            taken += piece.readableBytes
        }
        Issue.record("it was read to its end")
    }
}
