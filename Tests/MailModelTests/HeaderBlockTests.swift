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
        ("", []),
    ])
    func listsAddresses(_ body: String, _ entries: [String]) {
        #expect(AddressList.entries(Array(body.utf8)) == entries)
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
