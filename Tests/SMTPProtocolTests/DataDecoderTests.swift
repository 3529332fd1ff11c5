import Foundation
import NIOCore
import SMTPProtocol
import TestSupport
import Testing

@Suite struct DataDecoderTests {
    struct Result: Equatable {
        var content = ""
        var fault: DataFault?
        /// What follows the end; nil where it was not reached.
        var rest: String?
    }

    /// Feeds `input` in pieces of `chunk` bytes.
    static func run(
        _ input: [UInt8], chunk: Int, policy: BareLineEndPolicy = .refuse, lineBytesMax: Int = 1000,
        framing: DataDecoder.Framing = .dots
    ) -> Result {
        var decoder = DataDecoder(framing: framing, policy: policy, lineBytesMax: lineBytesMax)
        var result = Result()
        var content: [UInt8] = []
        func take(_ piece: DataPiece) {
            switch piece {
            case .content(let bytes): content += Array(bytes.readableBytesView)
            case .fault(let fault): result.fault = fault
            }
        }
        var position = 0
        while position < input.count {
            let end = min(position + chunk, input.count)
            var buffer = ByteBuffer(bytes: input[position..<end])
            if decoder.decode(&buffer, take) {
                let rest = Array(buffer.readableBytesView) + input[end...]
                result.rest = String(decoding: rest, as: UTF8.self)
                break
            }
            #expect(buffer.readableBytes == 0)
            position = end
        }
        if framing == .counted { decoder.finish(take) }
        result.content = String(decoding: content, as: UTF8.self)
        return result
    }

    struct Case: CustomTestStringConvertible {
        var input: String
        var policy = BareLineEndPolicy.refuse
        var result: Result
        var testDescription: String { "\(policy) \(input.debugDescription)" }

        init(
            _ input: String, _ policy: BareLineEndPolicy = .refuse, content: String,
            fault: DataFault? = nil, rest: String?
        ) {
            self.input = input
            self.policy = policy
            result = Result(content: content, fault: fault, rest: rest)
        }
    }

    static let cases = [
        Case(".\r\n", content: "", rest: ""),
        Case("a\r\n.\r\n", content: "a\r\n", rest: ""),
        Case("a\r\n.\r\nQUIT\r\n", content: "a\r\n", rest: "QUIT\r\n"),
        Case("..\r\n.a\r\n...\r\n.\r\n", content: ".\r\na\r\n..\r\n", rest: ""),
        Case("\r\n\r\n.\r\n", content: "\r\n\r\n", rest: ""),
        Case("a.\r\n.\r\n", content: "a.\r\n", rest: ""),
        Case("a\0b\r\n.\r\n", content: "a\0b\r\n", rest: ""),
        // Not ended.
        Case("a\r\n.", content: "a\r\n", rest: nil),
        Case("a\r\n.\r", content: "a\r\n", rest: nil),
        // What is no end, whatever stands alone.
        Case("a\n.\n", content: "a", fault: .bareLineEnd, rest: nil),
        Case("a\r.\r", content: "a", fault: .bareLineEnd, rest: nil),
        Case("a\n.\r\nb\r\n.\r\n", content: "a", fault: .bareLineEnd, rest: ""),
        Case("a\r\n.\nb\r\n.\r\n", content: "a\r\n", fault: .bareLineEnd, rest: ""),
        Case("a\r\n.\r.\r\n.\r\n", content: "a\r\n", fault: .bareLineEnd, rest: ""),
        Case("a\r\r\n.\r\n", content: "a", fault: .bareLineEnd, rest: ""),
        Case("a\n.\r\nb\r\n.\r\n", .normalise, content: "a\r\n.\r\nb\r\n", rest: ""),
        Case("a\r.\r\nb\r\n.\r\n", .normalise, content: "a\r\n.\r\nb\r\n", rest: ""),
        Case("a\r\n.\nb\r\n.\r\n", .normalise, content: "a\r\n\r\nb\r\n", rest: ""),
        Case("a\r\n.\rb\r\n.\r\n", .normalise, content: "a\r\n\r\nb\r\n", rest: ""),
        Case("a\r\r\n.\r\n", .normalise, content: "a\r\n\r\n", rest: ""),
        Case("a\n\n.\n.\r\n\r\n.\r\n", .normalise, content: "a\r\n\r\n.\r\n.\r\n\r\n", rest: ""),
    ]

    @Test(arguments: cases, [1, 2, 3, 1000])
    func decodesTheSameAtAnySplit(_ testCase: Case, chunk: Int) {
        let result = Self.run(Array(testCase.input.utf8), chunk: chunk, policy: testCase.policy)
        #expect(result == testCase.result)
    }

    @Test(arguments: [1, 2, 7, 1000])
    func limitsALineAtItsEdge(chunk: Int) {
        let edge = String(repeating: "x", count: 8) + "\r\n.\r\n"
        #expect(Self.run(Array(edge.utf8), chunk: chunk, lineBytesMax: 10).fault == nil)
        let over = String(repeating: "x", count: 9) + "\r\n.\r\n"
        let result = Self.run(Array(over.utf8), chunk: chunk, lineBytesMax: 10)
        #expect(result.fault == .lineTooLong)
        #expect(result.rest == "")
    }

    @Test(arguments: [1, 2, 1000])
    func countsChunksWithoutDots(chunk: Int) {
        func run(_ text: String, _ policy: BareLineEndPolicy = .refuse) -> Result {
            Self.run(Array(text.utf8), chunk: chunk, policy: policy, framing: .counted)
        }
        #expect(run("..a\r\n.\r\n") == Result(content: "..a\r\n.\r\n"))
        #expect(run("a") == Result(content: "a\r\n"))
        #expect(run("") == Result(content: ""))
        #expect(run("a\nb\r\n") == Result(content: "a", fault: .bareLineEnd))
        #expect(run("a\r") == Result(content: "a", fault: .bareLineEnd))
        #expect(run("a\r", .normalise) == Result(content: "a\r\n"))
        #expect(run("a\nb\rc", .normalise) == Result(content: "a\r\nb\r\nc\r\n"))
    }

    /// Whatever comes, at any split: the same result, no bare line end out, and what was refused
    /// under one policy ends at the same place under the other.
    @Test func holdsForRandomBytes() {
        var generator = SystemRandomNumberGenerator()
        let alphabet: [UInt8] = [13, 10, 46, 97, 0, 13, 10, 46]
        for _ in 0..<4000 {
            let input = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            let whole = Self.run(input, chunk: 1000)
            #expect(whole == Self.run(input, chunk: 1), "\(input)")
            #expect(whole == Self.run(input, chunk: 3), "\(input)")
            let normal = Self.run(input, chunk: 1000, policy: .normalise)
            #expect(normal == Self.run(input, chunk: 1, policy: .normalise), "\(input)")
            #expect(normal.rest == whole.rest, "\(input)")
            if normal.rest != nil {
                let lines = normal.content.replacing("\r\n", with: "")
                #expect(!lines.utf8.contains(13) && !lines.utf8.contains(10), "\(input)")
            }
        }
    }

    private struct Sequence: Decodable {
        var id: String
        var hex: String?
    }

    /// Sequences by which mails have been smuggled through other servers.
    @Test(.enabled(if: Corpora.isThere, "the corpora are not beside the project"))
    func endsDataForNoneOfTheKnownSequences() throws {
        let data = try Corpora.data("smtp-smuggling", "eod.json")
        for sequence in try JSONDecoder().decode([Sequence].self, from: data) {
            // One entry is a remark on STARTTLS, which the golden dialogs hold.
            guard let hex = sequence.hex else { continue }
            let bytes = stride(from: 0, to: hex.utf8.count, by: 2).compactMap { offset in
                UInt8(hex.dropFirst(offset).prefix(2), radix: 16)
            }
            let input = Array("a".utf8) + bytes + Array("MAIL FROM:<x@y.example>\r\n".utf8)
            for policy in BareLineEndPolicy.allCases {
                let result = Self.run(input, chunk: 1000, policy: policy)
                #expect(result.rest == nil, "\(sequence.id) under \(policy)")
            }
        }
    }
}
