import MailModel
import TestSupport
import Testing

/// Answers of ours: what they refer to, and that they are 7-bit.
@Suite struct AutoReplyMailTests {
    private static func header(
        answering original: String, subject: String = "Auto: Hi", html: String? = nil
    ) throws -> HeaderBlock {
        let reply = AutoReplyMail(
            id: MessageID(at: Timestamp(milliseconds: 0), random: CountingRandom()),
            at: Timestamp(milliseconds: 0), domain: Domain(validatedASCII: "mx.example"),
            from: try #require(Mailbox("desk@ours.example")),
            to: try #require(Mailbox("eve@far.example")), subject: subject,
            text: "Gr\u{fc}\u{df}e\n",
            html: html, original: HeaderBlock(Array(original.utf8)[...]))
        let bytes = reply.bytes
        #expect(bytes.allSatisfy { $0 < 128 })
        return HeaderBlock(bytes[...])
    }

    private static func words(_ header: HeaderBlock, _ name: String) -> [String]? {
        header.first(name)?.text.split(whereSeparator: \.isWhitespace).map(String.init)
    }

    @Test func saysWhatItIs() throws {
        let header = try Self.header(answering: "Message-ID: <1@far.example>\r\n\r\n")
        #expect(Self.words(header, "From") == ["<desk@ours.example>"])
        #expect(Self.words(header, "To") == ["eve@far.example"])
        #expect(Self.words(header, "Auto-Submitted") == ["auto-replied"])
        #expect(Self.words(header, "Subject") == ["Auto:", "Hi"])
    }

    /// RFC 5322 §3.6.4
    @Test(
        arguments: [
            ("Message-ID: <1@a>\r\n", ["<1@a>"], ["<1@a>"]),
            (
                "Message-ID: <2@a>\r\nReferences: <0@a>\r\n\t<1@a>\r\n", ["<2@a>"],
                ["<0@a>", "<1@a>", "<2@a>"]
            ),
            ("Message-ID: <2@a>\r\nIn-Reply-To: <1@a>\r\n", ["<2@a>"], ["<1@a>", "<2@a>"]),
            ("Message-ID: <2@a>\r\nIn-Reply-To: <0@a> <1@a>\r\n", ["<2@a>"], ["<2@a>"]),
            ("References: <1@a>\r\n", nil, ["<1@a>"]),
            ("Subject: x\r\n", nil, nil),
            ("Message-ID: no id\r\n", nil, nil),
            ("Message-ID: <\u{e4}@a>\r\n", nil, nil),
        ] as [(String, [String]?, [String]?)])
    func refersToWhatItAnswers(
        _ original: String, _ answered: [String]?, _ references: [String]?
    ) throws {
        let header = try Self.header(answering: original + "\r\n")
        #expect(Self.words(header, "In-Reply-To") == answered)
        #expect(Self.words(header, "References") == references)
    }

    @Test func refersToTheLastOfMany() throws {
        let ids = (0..<100).map { "<\($0)@a>" }
        let long = "<\(String(repeating: "x", count: 249))>"
        let header = try Self.header(
            answering: "References: \(ids.joined(separator: "\r\n "))\r\n \(long)\r\n\r\n")
        #expect(Self.words(header, "References") == Array(ids.suffix(20)))
    }

    @Test func aSubjectIsOneField() throws {
        let header = try Self.header(
            answering: "\r\n", subject: "x\r\nBcc: eve@far.example", html: "<p>\u{e4}</p>")
        #expect(header.first("Bcc") == nil)
        #expect(header.first("Content-Type")?.text.contains("multipart/alternative") == true)
    }
}
