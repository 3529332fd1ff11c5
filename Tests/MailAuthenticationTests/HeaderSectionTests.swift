import LibCrypto
import MailAuthentication
import MailModel
import TestSupport
import Testing

/// P1: a mail that others may read otherwise than it was signed has no good signature.
@Suite struct HeaderSectionTests {
    private let bench = SigningBench()

    @Test(arguments: [
        ("a: b\r\n\r\n", HeaderSectionDefect?.none), ("a: b\r\n c\r\n\td\r\n\r\n", nil),
        ("a: b\n\n", nil), ("a: b\r\n", nil), ("a: b", nil), ("", nil), ("\r\n", nil),
        ("A : b\r\n\r\n", nil), ("a:\r\n\r\n", nil), ("a: ü\r\n \r\nb: c\r\n\r\n", nil),
        ("a: b\r\n\r\ntext\r\n", nil), ("-a: b\r\n\r\n", nil), ("a: b\r\n --c\r\n\r\n", nil),
        ("text\r\n\r\n", .noField(line: 1)), ("a: b\r\ntext\r\n\r\n", .noField(line: 2)),
        ("a: b\r\n c\r\ntext\r\nd: e\r\n\r\n", .noField(line: 3)),
        ("a: b\r\n: c\r\n\r\n", .noField(line: 2)), ("a b: c\r\n\r\n", .noField(line: 1)),
        ("ä: b\r\n\r\n", .noField(line: 1)), ("a: b\r\ntext", .noField(line: 2)),
        ("From ada Sat Nov 28 2026\r\na: b\r\n\r\n", .noField(line: 1)),
        ("text\r\n a: b\r\n\r\n", .noField(line: 1)),
        (" a: b\r\nc: d\r\n\r\n", .orphanContinuation), ("\t\r\nc: d\r\n", .orphanContinuation),
        ("a: b\rc: d\r\n\r\n", .bareCR(line: 1)), ("a: b\r\r\nc: d\r\n\r\n", .bareCR(line: 1)),
        ("a: b\r\nc: d\r", .bareCR(line: 2)), ("a: b\r\n\rX", .bareCR(line: 2)),
        ("--a: b\r\n\r\n", .delimiter(line: 1)), ("a: b\r\n--c\r\n\r\n", .noField(line: 2)),
    ])
    func hasADefect(_ header: String, _ defect: HeaderSectionDefect?) {
        #expect(MailFields(Array(header.utf8)).defect == defect)
    }

    /// What stands behind the signed fields of a signed mail, before the empty line.
    @Test(arguments: [
        "Pay to account 666 at once\r\n", "Pay to account 666\r\n at once\r\n",
        "Pay:\r\r\nto account 666\r\n", "X: y\rPay to account 666\r\n", ": Pay\r\n",
        "--b: to account 666\r\n", "pay to account: 666\r\n",
    ])
    func nobodySignedIt(_ line: String) async throws {
        let mail = try bench.signed().replacing(
            "\r\n\r\n", with: "\r\n\(line)\r\n", maxReplacements: 1)
        let outcome = await bench.verify(mail)[0]
        #expect(outcome.result == .permerror)
        guard case .malformedHeader = outcome.reason else {
            Issue.record("\(outcome.reason)")
            return
        }
        #expect(outcome.domain == SigningBench.domain)
        #expect(bench.zone.asked.isEmpty)
        #expect(throws: SigningFailure.self) { try bench.signed(mail) }
    }

    @Test(arguments: ["text\r\n", " X: y\r\n", "\t\r\n"])
    func norWhatStandsBeforeIt(_ line: String) async throws {
        let outcome = await bench.verify(line + (try bench.signed()))[0]
        #expect(outcome.result == .permerror)
    }

    /// What relays, lists and folding do to a mail takes nothing from a signature that has lasted.
    @Test(arguments: [
        "Received: from a.example by b.example;\r\n\tSat, 28 Nov 2026 09:00:00 +0000\r\n",
        "X-Long: \(String(repeating: "word\r\n ", count: 2_000))end\r\n",
        "X-Long: \(String(repeating: "x", count: 20_000))\r\n", "X-Empty:\r\n", "X : y\r\n",
        "X-Folded:\r\n \r\n \r\n y\r\n", "X-8bit: ü\r\n", "x-lower:no space\r\n", "X: --b\r\n",
        "List-Id: <list.example>\r\nList-Unsubscribe: <mailto:a@list.example>,\r\n <https://a>\r\n",
        "X-Bare: y\n",
    ])
    func staysGood(_ added: String) async throws {
        let signed = try bench.signed()
        #expect(await bench.verify(added + signed)[0].reason == .verified)
        let below = signed.replacing("\r\n\r\n", with: "\r\n\(added)\r\n", maxReplacements: 1)
        #expect(await bench.verify(below)[0].reason == .verified)
        #expect(await bench.verify(try bench.signed(added + signed))[0].reason == .verified)
    }

    /// RFC 5322 §3.5: there need be no body.
    @Test func aHeaderSectionAloneIsAMail() async throws {
        let header = "From: joe@football.example.com\r\nSubject: x\r\n"
        #expect(await bench.verify(try bench.signed(header))[0].reason == .verified)
    }

    @Test func aBodyFollowsAnEmptyLine() async throws {
        let signed = try bench.signed()
        let end = signed.utf8.count - SigningBench.mail.utf8.count
        var reader = SignedMailReader(header: Array(signed.utf8.prefix(end)))
        Array(signed.utf8.dropFirst(end)).withUnsafeBytes { reader.append($0) }
        let outcome = await DKIMVerifier(
            resolver: bench.zone, rsa: LibCryptoRSA(), time: bench.time
        ).verify(reader.finish())[0]
        #expect(outcome.reason == .malformedHeader(.noEmptyLine))
    }

    // MARK: The readers

    private static let lines = [
        "a: b\r\n", "Content-Type: multipart/mixed; boundary=\"b:\"\r\n", " c\r\n", "text\r\n",
        "--b:\r\n", "--b:--\r\n", ": d\r\n", "x y: z\r\n", "e: f\n", "\r\n", "\n", "g:\rh\r\n",
        "\r", "i", "--b", "\rX",
    ]

    /// Every section of up to three lines of these: where there is no defect, the reader of fields
    /// and that of MIME find the same fields and the same body.
    @Test func readersAgree() {
        var good = 0
        for number in 0..<(16 * 16 * 16) {
            let mail = [8, 4, 0].map { Self.lines[number >> $0 & 15] }.joined()
            let bytes = Array(mail.utf8)
            let fields = MailFields(bytes)
            guard fields.defect == nil else { continue }
            good += 1
            let block = HeaderBlock(bytes[...])
            let mime = MIMEMessage(bytes).root.header
            guard block.length == fields.length, mime.length == fields.length,
                block.defects.isEmpty, block.fields.map(\.range) == fields.fields.map(\.range)
            else {
                Issue.record("\(mail.debugDescription): \(fields.length), \(mime.length)")
                return
            }
        }
        #expect(good > 100)
    }
}
