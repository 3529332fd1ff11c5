import MailModel
import Testing

@Suite struct TransferEncodingTests {
    private static func decode(_ encoding: String, _ body: String, bytesMax: Int = .max) -> String {
        let mail = MIMEMessage(Array("Content-Transfer-Encoding: \(encoding)\n\n\(body)".utf8))
        return String(decoding: mail.root.decodedBody(bytesMax: bytesMax), as: UTF8.self)
    }

    @Test(arguments: [
        ("YWJj", "abc"), ("YW\r\nJj\r\n", "abc"), ("YWI=", "ab"), ("YWI", "ab"), ("YQ", "a"),
        ("Y", ""), ("Y!W_J.j", "abc"), ("YQ== ignored", "a"), ("YQ==\nYg==\n", "ab"),
        ("YQ==\nnot digits\n", "a"), ("", ""), ("====", ""), ("YWJjYWJj", "abcabc"),
    ])
    func decodesBase64(_ encoded: String, _ decoded: String) {
        #expect(Self.decode("base64", encoded) == decoded)
    }

    @Test(arguments: [
        ("a=C3=a4", "aä"), ("a=\r\nb", "ab"), ("a= \t\r\nb", "ab"), ("a \t\r\nb", "a\r\nb"),
        ("a=20\nb", "a \nb"), ("a=zz=", "a=zz"), ("a=", "a"), ("a  ", "a"), ("=4", "=4"),
    ])
    func decodesQuotedPrintable(_ encoded: String, _ decoded: String) {
        #expect(Self.decode("quoted-printable", encoded) == decoded)
    }

    @Test(arguments: [
        ("begin 644 a\n%:&5L;&\\\n`\nend\n", "hello"),
        ("text\nbegin 644 a\n%:&5L;&\\\nend\n", "hello"),
        ("%:&5L;&\\\n", "hello"), ("begin 644 a\n#86)C\n\n#86)C\nend", "abcabc"),
        ("begin 644 a\n#86)C\nno data here", "abc"), ("begin 644 a\nM\nend", ""),
    ])
    func decodesUUEncode(_ encoded: String, _ decoded: String) {
        #expect(Self.decode("x-uuencode", encoded) == decoded)
    }

    @Test(arguments: [
        ("7bit", TransferEncoding.sevenBit), ("8BIT", .eightBit), (" \"base64\"", .base64),
        ("base64 (comment)", .base64), ("quoted-printable;", .quotedPrintable), ("binary", .binary),
        ("X-UUE", .uuencode), ("x-gzip64", .unknown),
    ])
    func readsTheName(_ name: String, _ encoding: TransferEncoding) {
        #expect(TransferEncoding(Array(name.utf8)[...]) == encoding)
    }

    @Test("P6: no encoding holds more than its bytes, and no more is decoded than is asked for")
    func decodesNoMoreThanAsked() {
        let base64 = String(repeating: "YWJj", count: 1_000)
        for length in [0, 1, 2, 3, 4, 2_999, 3_000, 3_001] {
            let decoded = Self.decode("base64", base64, bytesMax: length)
            #expect(decoded.utf8.count == min(length, 3_000))
        }
        let lines = String(repeating: "M\n", count: 10_000)
        #expect(Self.decode("uuencode", "begin 644 a\n" + lines).isEmpty)
    }
}
