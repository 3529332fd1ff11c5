import DNS
import MailAuthentication
import MailModel
import TestSupport
import Testing

/// P5: what a good signature is worth on a mail that shows more than was signed.
@Suite struct DKIMAcceptanceTests {
    private let bench = SigningBench()

    private func accepted(_ mail: String) async -> [DKIMOutcome] {
        let outcomes = await bench.verify(mail)
        #expect(outcomes.contains { $0.result == .pass })
        return outcomes.map { $0.accepted(for: SignedMail(Array(mail.utf8))) }
    }

    private func verdict(_ outcomes: [DKIMOutcome]) -> ReceiptVerdict {
        AuthenticationVerdicts(spf: nil, dkim: outcomes, dmarc: DMARCOutcome(.none, .noRecord))
            .dkimVerdict
    }

    /// `l=` bytes of a body, and what follows them.
    private func limited(_ limit: Int, body: String) throws -> String {
        let header = "From: joe@football.example.com\r\n\r\n"
        let key = BodyHashKey(canonicalization: .simple, hash: .sha256, limit: limit)
        var hashes = BodyHashes([key])
        Array(body.utf8).withUnsafeBytes { hashes.append($0) }
        hashes.finish()
        return try LimitedSignature(limit: limit, bodyHash: hashes.result(key).digest ?? [0])
            .field(for: header) + header + body
    }

    @Test func aSignatureOfTheWholeMailStands() async throws {
        for mail in [try bench.signed(), try limited(5, body: "one\r\n")] {
            let outcomes = await accepted(mail)
            #expect(outcomes.map(\.result) == [.pass])
            #expect(verdict(outcomes) == .pass)
        }
    }

    @Test(arguments: [(4, ""), (5, "x\r\n"), (0, "<h1>other</h1>\r\n")])
    func aPartOfTheBodyIsNotTheMail(_ limit: Int, _ added: String) async throws {
        let outcomes = await accepted(try limited(limit, body: "one\r\n") + added)
        #expect(outcomes.map(\.reason) == [.partOfBody(unsigned: 5 - limit + added.utf8.count)])
        #expect(outcomes.map(\.result) == [.policy])
        #expect(verdict(outcomes) == .gray)
    }

    @Test(arguments: ["From: a@bank.example\r\n", "FROM : <a@bank.example>\r\n"])
    func aSecondFromOnTopIsNotSigned(_ field: String) async throws {
        let outcomes = await accepted(field + (try limited(5, body: "one\r\n")))
        #expect(outcomes.map(\.reason) == [.severalAuthors(fields: 2)])
        #expect(verdict(outcomes) == .gray)
        #expect(outcomes[0].steps.last == .ended(.severalAuthors(fields: 2)))
    }

    /// The result says what the signature is, the verdict what it is worth.
    @Test func aKeyUnderTestIsAsIfThereWereNone() async throws {
        bench.zone.put(
            "rsa._domainkey.football.example.com", .txt, [.txt("\(SigningBench.rsaRecord); t=y")])
        let outcomes = await accepted(try bench.signed())
        #expect(outcomes.map(\.result) == [.pass])
        #expect(verdict(outcomes) == .gray)
    }

    /// Another signature that stands for the mail does; one that is bad does not.
    @Test func othersCountBesideIt() async throws {
        let limited = await accepted(try limited(0, body: "one\r\n"))
        #expect(verdict(limited + (await accepted(try bench.signed()))) == .pass)
        #expect(verdict(limited + [DKIMOutcome(.fail, .bodyDiffers)]) == .fail)
    }
}
