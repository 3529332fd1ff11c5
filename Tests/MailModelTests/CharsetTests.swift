import MailModel
import Testing

/// What reads mails is chosen from a list; a peer's label reaches no other part of the system.
@Suite struct CharsetTests {
    @Test(arguments: [
        ("utf-8", [0xC3, 0xA9], "é"), ("US-ASCII", [0x61], "a"),
        ("iso-8859-1", [0xE9, 0xFF], "éÿ"), ("ISO-8859-15", [0xA4], "€"),
        ("windows-1252", [0x80], "€"), ("cp1251", [0xC0], "А"), ("KOI8-U", [0xA4], "є"),
        ("IBM866", [0x80], "А"), ("cp437", [0x82], "é"), ("macintosh", [0x8E], "é"),
        ("Shift_JIS", [0x83, 0x41], "ア"), ("EUC-JP", [0xA5, 0xA2], "ア"),
        ("ISO-2022-JP", [0x1B, 0x24, 0x42, 0x25, 0x22, 0x1B, 0x28, 0x42], "ア"),
        ("ks_c_5601-1987", [0xB0, 0xA1], "가"), ("gb2312", [0xC4, 0xE3], "你"),
        ("GB18030", [0xC4, 0xE3], "你"), ("Big5", [0xA7, 0x41], "你"),
        ("Big5-HKSCS", [0xA7, 0x41], "你"), ("TIS-620", [0xA1], "ก"),
        ("windows-874", [0xA1], "ก"), ("VISCII", [0xE9], "é"), ("TCVN", [0x61], "a"),
        ("UTF-7", [0x2B, 0x41, 0x4F, 0x6B, 0x2D], "é"), ("UTF-16BE", [0, 0xE9], "é"),
        ("UTF-32LE", [0xE9, 0, 0, 0], "é"),
    ])
    func reads(_ label: String, _ bytes: [UInt8], _ text: String) throws {
        let charset = try #require(Charset(label))
        // Again: a converter that was used before begins anew.
        for _ in 0..<3 { #expect(charset.text(bytes) == text) }
    }

    /// Also the modules that have had faults.
    @Test(arguments: [
        "IBM1390", "IBM1399", "ISO-2022-CN-EXT", "EBCDIC-US", "ISO-8859-12", "", "UTF-8//IGNORE",
        "INTERNAL", "ANSI_X3.110",
    ])
    func readsNothingElse(_ label: String) {
        #expect(Charset(label) == nil)
    }

    @Test func whatIsCutIsNoText() throws {
        let charset = try #require(Charset("GBK"))
        #expect(charset.text([0xC4]) == nil)
        #expect(charset.text([0xC4, 0xE3]) == "你")
    }

    @Test func wordsOfABodyAreCounted() {
        let body = String(repeating: "=?gbk?Q?a?=", count: EncodedWords.wordsMax)
        let text = String(repeating: "a", count: EncodedWords.wordsMax)
        #expect(EncodedWords.decode(Array(body.utf8)) == text)
        #expect(
            EncodedWords.decode(Array((body + "=?gbk?Q?b?=").utf8)) == text + "=?gbk?Q?b?=")
    }

    @Test func decodedBytesOfABodyAreCounted() {
        let most = String(repeating: "a", count: EncodedWords.decodedBytesMax)
        #expect(EncodedWords.decode(Array("=?utf-8?Q?\(most)?=".utf8)) == most)
        let over = "=?utf-8?Q?\(most)a?="
        #expect(EncodedWords.decode(Array(over.utf8)) == over)
    }
}
