import MailModel
import Testing

@Suite struct EncodedWordsTests {
    @Test(
        "P1: no line end and no control comes out of a word",
        arguments: [
            ("=?utf-8?Q?a=0D=0ABcc:_x?=", "aBcc: x"), ("=?utf-8?B?AA0KCQ==?=", ""),
            ("=?utf-16be?B?AA0ACg==?=", ""), ("=?utf-7?Q?+AA0ACg-a?=", "a"),
            ("=?utf-8?Q?=C2=85=7F?=", ""),
        ])
    func injectsNothing(_ body: String, _ text: String) {
        #expect(EncodedWords.decode(Array(body.utf8)) == text)
    }

    @Test("P1: words that do not end stay, in linear time", .timeLimit(.minutes(1)))
    func unendedWordsAreLinear() {
        for piece in ["=?utf-8?Q?", "=?", "=?utf-8?B?a", "=?x?Q?=?=", "=?utf-8"] {
            let body = String(repeating: piece, count: 20_000)
            #expect(EncodedWords.decode(Array(body.utf8)).utf8.count <= 3 * body.utf8.count)
        }
    }

    @Test("P10: what turns the direction of text is told as it is")
    func keepsBidi() {
        #expect(EncodedWords.decode(Array("=?utf-8?Q?=E2=80=AEx?=".utf8)) == "\u{202E}x")
    }

    @Test func rawBytesAreReadAsTheMailsText() throws {
        let bytes: [UInt8] =
            Array("Subject: ".utf8) + [0xF0, 0xD2]
            + Array("\nContent-Type: text/plain; charset=koi8-r\n\n".utf8)
        let header = HeaderBlock(bytes[...])
        #expect(try #require(header.first("Subject")).decodedText == "Пр")
    }

    @Test(
        arguments: [
            ("a@b.example", nil, "a@b.example", nil),
            ("\"A \\\"B\\\" C\" <a@b.example>", "A \"B\" C", "a@b.example", nil),
            ("a@b.example (A (B) C)", "A (B) C", "a@b.example", nil),
            ("team: A <a@b.example>;", "A", "a@b.example", "team"),
            ("A <@x.example,@y.example:a . b @ c.example>", "A", "a.b@c.example", nil),
            ("=?utf-8?Q?=C3=A4?= B <a@b.example>", "ä B", "a@b.example", nil),
            ("\"=?utf-8?Q?=C3=A4?=\" <a@b.example>", "ä", "a@b.example", nil),
            ("a@[IPv6:::1]", nil, "a@[IPv6:::1]", nil), ("A <a@b.example", "A", "a@b.example", nil),
            ("nobody at all", nil, "nobody at all", nil),
            ("a b@c.example", nil, "a b@c.example", nil),
            ("\"a b\"@c.example", nil, "\"a b\"@c.example", nil),
        ] as [(String, String?, String, String?)])
    func readsAMailbox(_ body: String, _ name: String?, _ address: String, _ group: String?) {
        let entry = AddressList.Entry(name: name, address: address, group: group)
        #expect(AddressList.mailboxes(Array(body.utf8)) == [entry])
    }

    @Test("P6: a list of nothing but marks costs linear time", .timeLimit(.minutes(1)))
    func addressListsAreLinear() {
        for piece in ["(", "<", "\"", ",", ":", ";", "a@b,", "\\", "[@"] {
            let body = String(repeating: piece, count: 20_000)
            _ = AddressList.mailboxes(Array(body.utf8))
        }
    }
}
