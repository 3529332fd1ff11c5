import MailModel
import Testing

/// What is completed of a mail that a local program hands over.
@Suite struct LocalHeaderTests {
    private static let domain = Domain(validatedASCII: "host.example")

    private static func completed(_ header: String, name: String? = nil) -> String {
        let author = Mailbox(validatedLocalPart: "www-data", domain: domain)
        return String(
            decoding: LocalHeader(
                completing: Array(header.utf8), domain: domain, author: author, authorName: name
            ).bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("root", "root@host.example"),
        ("root (Cron Daemon)", "root@host.example (Cron Daemon)"),
        ("Cron <root>", "Cron <root@host.example>"),
        ("root, ada@b.example, eve", "root@host.example, ada@b.example, eve@host.example"),
        ("\"Eve, B\" <eve>;", "\"Eve, B\" <eve@host.example>;"),
        ("team: ada, eve;", "team: ada@host.example, eve@host.example;"),
        ("undisclosed-recipients:;", "undisclosed-recipients:;"),
        ("a@[192.0.2.1]", "a@[192.0.2.1]"), ("Ada Eve", "Ada Eve"), ("\"root\"", "\"root\""),
        ("<>", "<>"), ("", ""), (".", "."), ("a..b", "a..b"), ("a.", "a."),
        ("a.b", "a.b@host.example"), ("a@b", "a@b"), ("Cron <root> x", "Cron <root> x"),
        ("(only a comment)", "(only a comment)"), ("j\u{fc}rg", "j\u{fc}rg@host.example"),
    ])
    func completesAddresses(_ list: String, _ expected: String) {
        let bytes = AddressList.completed(Array(list.utf8)[...], domain: Self.domain)
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }

    /// What cron of Debian writes.
    @Test func completesAMailOfCron() {
        let header =
            "From: root (Cron Daemon)\r\nTo: root\r\nSubject: Cron <root@host> true\r\n"
            + "MIME-Version: 1.0\r\n\r\n"
        #expect(
            Self.completed(header)
                == "From: root@host.example (Cron Daemon)\r\nTo: root@host.example\r\n"
                + "Subject: Cron <root@host> true\r\nMIME-Version: 1.0\r\n\r\n")
    }

    @Test(arguments: ["From", "Sender", "To", "Resent-From", "Resent-Sender", "resent-to"])
    func completes(_ name: String) {
        let rest = "From: a@b.example\r\n\r\n"
        #expect(
            Self.completed("\(name): root\r\n\(rest)")
                == "\(name): root@host.example\r\n\(rest)")
    }

    @Test func aFoldedListIsCompletedInPlace() {
        #expect(
            Self.completed("From: a@b.example\r\nTo: ada,\r\n eve\r\nX: ada\r\n\r\n")
                == "From: a@b.example\r\nTo: ada@host.example,\r\n eve@host.example\r\n"
                + "X: ada\r\n\r\n")
    }

    @Test(
        arguments: [
            (nil, "From: www-data@host.example\r\nTo: a@b.example\r\n\r\n"),
            ("", "From: www-data@host.example\r\nTo: a@b.example\r\n\r\n"),
            ("Web", "From: Web <www-data@host.example>\r\nTo: a@b.example\r\n\r\n"),
            ("A. B", "From: \"A. B\" <www-data@host.example>\r\nTo: a@b.example\r\n\r\n"),
            (
                "J\u{fc}rg",
                "From: =?UTF-8?B?SsO8cmc=?= <www-data@host.example>\r\nTo: a@b.example\r\n\r\n"
            ),
        ] as [(String?, String)])
    func aMissingFromIsWhoSubmits(_ name: String?, _ expected: String) {
        #expect(Self.completed("To: a@b.example\r\n\r\n", name: name) == expected)
    }

    @Test(arguments: ["Eve\r\nBcc: x@y.example", "Eve\nX: y", "Eve\u{0}", "Eve\r"])
    func aNameIsNoFurtherField(_ name: String) {
        let fields = HeaderBlock(Array(Self.completed("\r\n", name: name).utf8)[...]).fields
        #expect(fields.map(\.name) == ["From"])
    }
}
