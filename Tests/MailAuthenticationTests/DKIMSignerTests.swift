import MailAuthentication
import MailModel
import TestSupport
import Testing

@Suite struct DKIMSignerTests {
    private func names(_ signed: String) -> String {
        let flat = signed.replacing("\r\n ", with: " ")
        return String(flat.split(separator: " h=")[1].prefix { $0 != ";" })
    }

    /// RFC 6376 §8.15: once more than they are there, those that are not there too.
    @Test func oversigns() throws {
        let bench = SigningBench()
        let mail = "Received: a\r\nReceived: b\r\n" + SigningBench.mail
        let signed = try bench.signed(mail) { settings in
            settings.signedFields = ["received", "from", "subject", "reply-to"]
            settings.oversignedFields = ["from", "reply-to"]
        }
        #expect(names(signed) == "received : received : from : subject : from : reply-to")
    }

    @Test(arguments: TestKey.allCases)
    func isDeterministic(_ key: TestKey) throws {
        let bench = SigningBench()
        #expect(try bench.signed(by: key) == bench.signed(by: key))
    }

    @Test(arguments: TestKey.allCases)
    func foldsItsLines(_ key: TestKey) throws {
        let signed = try SigningBench().signed(by: key) { $0.lifetimeSeconds = 86_400 }
        let field = signed.dropLast(SigningBench.mail.count)
        for line in field.split(separator: "\r\n") { #expect(line.utf8.count <= 78) }
        #expect(field.hasSuffix("\r\n"))
    }

    @Test func saysWhatItIsTold() throws {
        let bench = SigningBench()
        let expiring = try bench.signed { $0.lifetimeSeconds = 60 }
        #expect(expiring.replacing("\r\n ", with: " ").contains("t=1790000000; x=1790000060;"))
        #expect(!(try bench.signed { $0.hasTime = false }).contains("t=1790000000"))
        #expect(
            try bench.signed { $0.identity = "@a.football.example.com" }.contains(
                " i=@a.football.example.com;"))
    }

    /// Every mail in every form by every key is what verifies.
    @Test(
        arguments: TestKey.allCases,
        [
            SigningBench.mail, "From: a@b.example\r\n\r\n", "From: a@b.example\r\n",
            "From: a@b.example\r\n\r\nno line end", "From:\r\n\tfolded\r\n \r\n\r\n \t\r\n\r\n",
            "FROM: ü\r\nfrom: another\r\n\r\n.\r\n..\r\n",
        ])
    func roundTrips(_ key: TestKey, _ mail: String) async throws {
        let bench = SigningBench()
        for header in [Canonicalization.simple, .relaxed] {
            for body in [Canonicalization.simple, .relaxed] {
                let signed = try bench.signed(mail, by: key) {
                    $0.form = SigningForm(header: header, body: body)
                }
                #expect(await bench.verify(signed)[0].reason == .verified)
                #expect(await bench.verify(signed + "\r\nx\r\n")[0].result == .fail)
            }
        }
    }

    @Test func needsAFrom() {
        #expect(throws: SigningFailure.self) {
            try SigningBench().signed("To: a@b.example\r\n\r\n")
        }
    }

    /// A mail that is read for a signature is not read again to be verified.
    @Test func signsInPieces() throws {
        let bench = SigningBench()
        let mail = Array(SigningBench.mail.utf8)
        let end = MailFields(mail).length
        var reader = SignedMailReader(header: Array(mail[..<end]), forms: [SigningForm()])
        for byte in mail[end...] { withUnsafeBytes(of: byte) { reader.append($0) } }
        let signer = DKIMSigner(
            domain: SigningBench.domain, selector: "rsa", key: try TestKey.rsa.signingKey)
        let field = try signer.field(for: reader.finish(), at: SigningBench.now)
        #expect(String(decoding: field, as: UTF8.self) + SigningBench.mail == (try bench.signed()))
    }
}
