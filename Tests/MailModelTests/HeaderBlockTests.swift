import MailModel
import Testing

@Suite struct HeaderBlockTests {
    private func block(_ text: String) -> HeaderBlock { HeaderBlock(Array(text.utf8)[...]) }

    @Test func readsFieldsInOrderAndUnfolds() {
        let header = block("A: one\r\n two\r\nB : b\r\nA:three\r\n\r\nBody: no\r\n")
        #expect(header.fields.map(\.name) == ["A", "B", "A"])
        #expect(header.fields.map(\.text) == ["one two", "b", "three"])
        #expect(header.length == 32)
        #expect(header.all("a").count == 2)
    }

    @Test func keepsWhatIsNoFieldAsADefect() {
        let header = block(" x\r\nno colon\r\nA: b\r\n: empty\r\n")
        #expect(header.fields.map(\.name) == ["A"])
        #expect(
            header.defects == [.orphanContinuation, .noField(at: 4), .noField(at: 20)])
    }

    @Test(arguments: [
        ("=?utf-8?Q?Gr=C3=BC=C3=9Fe_an?= =?UTF-8?B?IGFsbGU=?=", "Grüße an alle"),
        ("=?iso-8859-1?q?caf=E9?= x", "café x"),
        ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
        ("=?utf-8*en?Q?a?=", "a"),
        ("plain = text", "plain = text"),
        ("=?nonsense-9?Q?a?= b", "a b"),
        ("=?nonsense-9?Q?=E9?= b", "=?nonsense-9?Q?=E9?= b"),
        ("=?utf-8?B?w6Q?= =?utf-8?B?w6Q?=", "ää"),
        ("=?utf-8?Q?=C3?= =?utf-8?B?pA==?=", "ä"),
        ("=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"),
        ("=?utf-8?Q?a?=\r\n =?iso-8859-1?Q?=E4?= c", "aä c"),
        ("=?utf-8?Q?a b= C3=A4?=", "a bä"),
        ("=?us-ascii?Q?=E4?=", "ä"),
        ("=?utf-8?Q?a=0D=0ABcc:_x?=", "aBcc: x"),
        ("=?utf-8?X?a?=", "=?utf-8?X?a?="),
        ("=?utf-8?Q?half", "=?utf-8?Q?half"),
    ])
    func decodesEncodedWords(_ encoded: String, _ decoded: String) {
        #expect(EncodedWords.decode(Array(encoded.utf8)) == decoded)
    }

    @Test(arguments: [
        (
            "a@b.example, \"Doe, John\" <j@b.example>",
            ["a@b.example", "\"Doe, John\" <j@b.example>"]
        ),
        ("<a@b.example>", ["a@b.example"]),
        ("Team: a@b.example, c@d.example;", ["a@b.example", "c@d.example"]),
        ("undisclosed-recipients:;", []),
        ("a@b.example (x, y), c@d.example", ["a@b.example (x, y)", "c@d.example"]),
        ("=?utf-8?Q?J=C3=BCrgen?= <j@b.example>", ["Jürgen <j@b.example>"]),
        ("=?utf-8?Q?J=C3=BCrgen?= \"a\" <j@b.example>", ["Jürgen a <j@b.example>"]),
        ("\"=?utf-8?Q?J=C3=BCrgen?=\" <j@b.example>", ["Jürgen <j@b.example>"]),
        ("=?utf-8?Q?J._Q.?= <j@b.example>", ["\"J. Q.\" <j@b.example>"]),
        ("J. Q. <j@b.example>", ["J. Q. <j@b.example>"]),
        // P1: what is decoded names no other author.
        (
            "=?utf-8?q?=3Cceo=40bank.example=3E=2C?= <a@list.example>",
            ["\"<ceo@bank.example>,\" <a@list.example>"]
        ),
        (
            "\"=?utf-8?q?a=22_=3Cceo@bank.example=3E=2C?=\" <a@list.example>",
            ["\"a\\\" <ceo@bank.example>,\" <a@list.example>"]
        ),
        ("=?utf-8?q?a=5C?= <a@list.example>", ["\"a\\\\\" <a@list.example>"]),
        (
            "=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3F=3D?= <a@list.example>",
            ["\"=?utf-8?q?a?=\" <a@list.example>"]
        ),
        // RFC 2047 §5: no encoded word in an address, and none in the clear in a comment.
        (
            "(=?utf-8?q?=29_ceo=40bank.example=2C_=28?=) a@list.example",
            ["(\\) ceo@bank.example, \\() a@list.example"]
        ),
        (
            "=?utf-8?q?ceo=40bank.example=2C?=@list.example",
            ["=?utf-8?q?ceo=40bank.example=2C?=@list.example"]
        ),
        (
            "<=?utf-8?q?ceo=40bank.example=3E=2C=3Ca?=@list.example>",
            ["=?utf-8?q?ceo=40bank.example=3E=2C=3Ca?=@list.example"]
        ),
        (
            "a@b.example (=?utf-8?Q?J=C3=BCrgen?= (\\(x\\)) =?utf-8?Q?=5C?=)",
            ["a@b.example (Jürgen (\\(x\\)) \\\\)"]
        ),
        ("a@b.\u{0}example\u{85}", ["a@b.\u{FFFD}example\u{FFFD}"]),
        ("", []),
    ])
    func listsAddresses(_ body: String, _ entries: [String]) {
        #expect(AddressList.entries(Array(body.utf8)) == entries)
    }

    @Test(
        "P1: a list of addresses names the same addresses when it is decoded",
        arguments: [
            ("a@b.example", "a@b.example"),
            (
                "=?utf-8?Q?J=C3=BCrgen?=  <j@b.example>,b@c.example",
                "Jürgen <j@b.example>,b@c.example"
            ),
            (
                "=?utf-8?q?a=3A_b=40c.example=3B?= :=?utf-8?q?=2C?= <j@b.example>,; k@b.example",
                "\"a: b@c.example;\":\",\" <j@b.example>,; k@b.example"
            ),
            (
                "\"=?utf-8?q?=22_=3Cceo=40bank.example=3E=2C?=\" <a@list.example> (=?utf-8?q?=29?=)",
                "\"\\\" <ceo@bank.example>,\" <a@list.example> (\\))"
            ),
            (
                "=?utf-8?q?ceo=40bank.example?=@list.example",
                "=?utf-8?q?ceo=40bank.example?=@list.example"
            ),
            ("undisclosed recipients:;", "undisclosed recipients:;"),
            ("a@[IPv6:::1], \"a", "a@[IPv6:::1], \"a"),
        ])
    func decodesAListOfAddresses(_ body: String, _ text: String) throws {
        let field = try #require(block("Reply-To: \(body)\n").first("Reply-To"))
        #expect(field.decodedText == text)
        #expect(AddressList.addresses(Array(text.utf8)) == AddressList.addresses(field.body))
    }

    @Test(
        "P1: words are decoded where RFC 2047 §5 lets them stand",
        arguments: [
            ("Subject", true), ("Comments", true), ("Keywords", true),
            ("content-description", true),
            ("X-Anything", true), ("Thread-Topic", true), ("Authentication-Results", false),
            ("ARC-Authentication-Results", false), ("Received", false), ("Received-SPF", false),
            ("DKIM-Signature", false), ("Return-Path", false), ("MESSAGE-ID", false),
            ("In-Reply-To", false), ("References", false), ("Date", false), ("Resent-Date", false),
            ("Resent-Message-ID", false), ("MIME-Version", false), ("Content-Type", false),
            ("Content-Disposition", false), ("List-Unsubscribe", false), ("Auto-Submitted", false),
            ("Delivered-To", false), ("TLS-Required", false),
        ])
    func decodesUnstructuredFields(_ name: String, _ isDecoded: Bool) throws {
        let field = try #require(block("\(name): =?utf-8?q?a?=\n").fields.first)
        #expect(field.decodedText == (isDecoded ? "a" : "=?utf-8?q?a?="))
    }

    @Test(
        "P1: a declared charset of a header's bytes changes nothing that stands in ASCII",
        arguments: [
            ("utf-7", "ÿ+AA0ACg-~{"), ("utf-16", "ÿ+AA0ACg-~{"), ("utf-16le", "ÿ+AA0ACg-~{"),
            ("utf-32be", "ÿ+AA0ACg-~{"), ("iso-2022-kr", "ÿ+AA0ACg-~{"), ("ibm037", "ÿ+AA0ACg-~{"),
            ("hz-gb-2312", "ÿ+AA0ACg-~{"), ("koi8-r", "Ъ+AA0ACg-~{"),
            ("windows-1251", "я+AA0ACg-~{"), ("iso-8859-7", "\u{FFFD}+AA0ACg-~{"),
            ("gb18030", "\u{FFFD}+AA0ACg-~{"), ("euc-jp", "\u{FFFD}+AA0ACg-~{"),
        ])
    func readsRawBytesBesideASCII(_ charset: String, _ text: String) throws {
        let header = HeaderBlock(
            (Array("Subject: ".utf8) + [0xFF]
                + Array("+AA0ACg-~{\nContent-Type: text/plain; charset=\(charset)\n".utf8))[...])
        #expect(try #require(header.first("Subject")).decodedText == text)
    }

    @Test(
        "P1: no control comes out of a field, in words or between them",
        arguments: [
            ([0x61, 0, 0x1B, 0x7F, 0x62], "a\u{FFFD}\u{FFFD}\u{FFFD}b"),
            ([0xC2, 0x85], "\u{FFFD}"),
            ([0x61, 13, 0x62], "a\u{FFFD}b"), ([0x61, 9, 0x62], "a\tb"),
        ] as [([UInt8], String)])
    func marksControls(_ body: [UInt8], _ text: String) throws {
        for name in ["Subject", "Message-ID", "To", "X-Unknown"] {
            let field = try #require(
                HeaderBlock((Array("\(name): ".utf8) + body)[...]).fields.first)
            #expect(field.decodedText == text, "\(name)")
        }
    }

    @Test("P6: a long name of a group is read once for all in it", .timeLimit(.minutes(1)))
    func aGroupsNameIsReadOnce() {
        let name = String(repeating: "n", count: 128 * 1_024)
        let members = String(repeating: "a@b.example,", count: 9_000)
        let found = AddressList.mailboxes(Array("\(name):\(members); c@d.example".utf8))
        #expect(found.count == 9_001)
        #expect(found[0].group == name && found[8_999].group == name)
        #expect(found[9_000].group == nil)
    }

    @Test("P6: a list of addresses is read up to its limit")
    func listsOfAddressesAreLimited() {
        func list(_ count: Int) -> [UInt8] {
            (0..<count).flatMap { Array(",, a\($0)@b.example".utf8) }
        }
        let max = AddressList.entriesMax
        for count in [max - 1, max, max + 1, 2 * max] {
            #expect(AddressList.entries(list(count)).count == min(count, max))
            #expect(AddressList.addresses(list(count)).last == "a\(min(count, max) - 1)@b.example")
            #expect(AddressList.mailboxes(list(count)).count == min(count, max))
        }
    }
}
