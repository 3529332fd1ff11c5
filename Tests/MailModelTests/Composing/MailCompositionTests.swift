import MailModel
import Testing

/// Mails that are composed of their parts.
@Suite struct MailCompositionTests {
    private static func mail() throws -> ComposedMail {
        var mail = ComposedMail(from: try .init("Shop <shop@ours.example>"))
        mail.to = try ComposedMail.Person.list("ada@one.example, \"B, C\" <bob@two.example>")
        mail.text = "Hello.\n"
        return mail
    }

    private static func text(_ mail: ComposedMail) throws -> String {
        String(decoding: try mail.bytes(seed: [1, 2, 3]), as: UTF8.self)
    }

    @Test func aTextIsAMail() throws {
        var mail = try Self.mail()
        mail.subject = "Gr\u{fc}\u{df}e"
        try mail.add(field: "X-Order", value: " 12  34")
        #expect(
            try Self.text(mail) == """
                From: Shop <shop@ours.example>\r
                To: ada@one.example, "B, C" <bob@two.example>\r
                Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r
                X-Order: 12 34\r
                MIME-Version: 1.0\r
                Content-Type: text/plain; charset=utf-8\r
                Content-Transfer-Encoding: 7bit\r
                \r
                Hello.\r

                """)
    }

    @Test func whatReadersSeeIsWhatWasGiven() throws {
        var mail = try Self.mail()
        mail.html = "<p>H\u{e9}llo</p>"
        let content = (0..<200).map { UInt8($0) }
        try mail.attach(
            .init(name: "a \"b\".pdf", type: "application/pdf", content: content))
        try mail.attach(.init(name: "\u{fc}.bin", type: "application/octet-stream", content: []))
        let bytes = try mail.bytes(seed: [1, 2, 3])
        #expect(bytes.allSatisfy { $0 < 127 })
        #expect(bytes.split(separator: 10).allSatisfy { $0.count <= 998 })
        let read = MIMEMessage(bytes)
        #expect(read.defects.isEmpty)
        #expect(
            read.parts.map(\.contentType.essence) == [
                "multipart/mixed", "multipart/alternative", "text/plain", "text/html",
                "application/pdf", "application/octet-stream",
            ])
    }

    @Test(arguments: [
        "", "ada", "ada@", "@one.example", "ada@one.example\r\nBcc: eve@two.example",
        "ada@one.example\n", "ada\u{0}@one.example", "ada@one.example\r", "<ada@one.example> x",
        "ada@one.example\u{2028}", "\"ada", "ada@one.example eve@two.example",
    ])
    func isNoAddress(_ text: String) {
        #expect(throws: ComposedMail.Refusal.self) { try ComposedMail.Person.list(text) }
    }

    @Test(arguments: [
        "a\r\nBcc: eve@two.example", "a\nb", "a\rb", "a\u{0}b", "\u{85}", "\u{2028}", "a\tb",
    ])
    func aSubjectIsOneLine(_ subject: String) throws {
        var mail = try Self.mail()
        mail.subject = subject
        #expect(throws: ComposedMail.Refusal.control("the subject")) {
            try mail.bytes(seed: [1])
        }
    }

    @Test(arguments: [
        ("X", "a\r\nBcc: b@c.example"), ("X", "a\nb"), ("X", "a\u{0}"), ("X\r\nBcc", "a"),
        ("X:", "a"), ("", "a"), ("X Y", "a"), ("X", ""), ("X", "  "), ("From", "eve@two.example"),
        ("bcc", "eve@two.example"), ("Content-Type", "text/html"), ("Message-ID", "<1@2>"),
        ("X", String(repeating: "x", count: 1_000)),
        ("X", String(repeating: "x ", count: 8_193)),
    ])
    func isNoFieldOfTheCaller(_ name: String, _ value: String) throws {
        var mail = try Self.mail()
        #expect(throws: ComposedMail.Refusal.self) { try mail.add(field: name, value: value) }
    }

    @Test(arguments: ["a\r\nb.txt", "a\u{0}", String(repeating: "x", count: 256)])
    func isNoFileName(_ name: String) throws {
        var mail = try Self.mail()
        #expect(throws: ComposedMail.Refusal.self) {
            try mail.attach(.init(name: name, type: "text/plain", content: []))
        }
    }

    @Test(arguments: ["", "text", "text/", "text/plain; x=y", "a/b/c", "text/pl\r\nain"])
    func isNoContentType(_ type: String) throws {
        var mail = try Self.mail()
        #expect(throws: ComposedMail.Refusal.contentType(type)) {
            try mail.attach(.init(name: "a", type: type, content: []))
        }
    }

    @Test func attachmentsAreCounted() throws {
        var mail = try Self.mail()
        for _ in 0..<ComposedMail.attachmentsMax {
            try mail.attach(.init(name: "a", type: "text/plain", content: []))
        }
        #expect(throws: ComposedMail.Refusal.tooManyAttachments) {
            try mail.attach(.init(name: "a", type: "text/plain", content: []))
        }
    }
}
