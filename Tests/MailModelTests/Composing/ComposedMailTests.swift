import MailModel
import Testing

/// Fields and mails of our own.
@Suite struct ComposedMailTests {
    private static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("X", "a b"), ("Received", "from a (b [192.0.2.1]) by c"), ("X", "<a@b.c>"),
        (String(repeating: "x", count: 76), "a"),
    ])
    func isAField(_ name: String, _ value: String) throws {
        #expect(
            Self.text(try #require(ComposedField(name, value)).bytes) == "\(name): \(value)\r\n")
    }

    @Test(arguments: [
        ("", "a"), ("X Y", "a"), ("X:", "a"), ("X\r\nY", "a"), ("Ü", "a"), ("X", ""), ("X", " "),
        ("X", "a\r\nBcc: b"), ("X", "a\nb"), ("X", "a\rb"), ("X", "a\u{0}"), ("X", "ü"),
        ("X", "a\tb"), ("X", "a  b"), ("X", " a"), ("X", "a "),
        (String(repeating: "x", count: 77), "a"),
    ])
    func isNoField(_ name: String, _ value: String) {
        #expect(ComposedField(name, value) == nil)
    }

    @Test func longFieldsAreFolded() throws {
        let words = Array(repeating: "0123456789", count: 200).joined(separator: " ")
        let bytes = try #require(ComposedField("References", words)).bytes
        let lines = Self.text(bytes).split(separator: "\r\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 78 })
        #expect(lines.joined() == "References: \(words)")
        #expect(HeaderBlock(bytes[...]).first("References")?.text == words)
    }

    @Test func aWordFillsALine() {
        let most = String(repeating: "x", count: ComposedField.lineBytesMax - 3)
        #expect(ComposedField("X", most) != nil)
        #expect(ComposedField("X", most + "x") == nil)
    }

    // MARK: Encoded words

    @Test(arguments: [
        "", "plain", "=?no word", "grüße", "変更のお知らせ", String(repeating: "ü", count: 500),
        "👩‍👩‍👧‍👦 family", "a ü b", "=?utf-8?q?x?=",
    ])
    func encodedWordsAreReadAgain(_ text: String) {
        let encoded = EncodedWords.encode(text)
        #expect(encoded.utf8.allSatisfy { $0 >= 32 && $0 < 127 })
        #expect(EncodedWords.decode(Array(encoded.utf8)) == text)
        #expect(encoded.split(separator: " ").allSatisfy { $0.utf8.count <= 75 } || encoded == text)
    }

    @Test func wordsHaveNoControls() {
        let encoded = EncodedWords.encode("a\r\nBcc: b")
        #expect(EncodedWords.decode(Array(encoded.utf8)) == "a  Bcc: b")
    }

    // MARK: Texts

    @Test(arguments: [
        "", "one line\n", "grüße\n", String(repeating: "x", count: 998),
        String(repeating: "x", count: 999), "space at the end \n=\n\tü\t\n",
        String(repeating: "ü", count: 300) + "\nFrom here\n.\n", "a\rb", "a\u{0}b",
    ])
    func textsAreReadAgain(_ text: String) throws {
        let mail = ComposedEntity.text(text).mail([])
        #expect(mail.bytes.allSatisfy { $0 < 127 && $0 > 0 })
        let lines = Self.text(mail.bytes).split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.utf8.count <= ComposedField.lineBytesMax })
        #expect(!lines.contains { $0.utf8.contains(10) || $0.utf8.contains(13) })
        #expect(MIMEMessage(mail.bytes).root.text().replacing("\r\n", with: "\n") == text)
    }
}
