import DNS
import MailAuthentication
import MailModel
import TestSupport
import Testing

/// Whether a mail is from whom it says; more of it is in the suites.
@Suite struct DMARCVerifierTests {
    private let zone = ZoneResolver()

    private func publish(_ name: String, _ record: String) {
        zone.put(name, .txt, [.text([Array(record.utf8)])])
    }

    private func check(
        from: String = "From: ada@sender.example\r\n\r\n",
        passed: [(DMARCIdentifier.Method, String)]
    ) async -> DMARCOutcome {
        let header = HeaderBlock(Array(from.utf8)[...])
        let author: Result<Domain, AuthorDomainDefect> = Result {
            () throws(AuthorDomainDefect) in try AuthorDomain.find(in: header)
        }
        let identifiers = passed.map {
            DMARCIdentifier($0.0, Domain(validatedASCII: $0.1))
        }
        return await DMARCVerifier(resolver: zone)
            .check(author, DMARCEvidence(passed: identifiers))
    }

    @Test func noRecordIsNone() async {
        #expect(await check(passed: [(.spf, "sender.example")]).result == .none)
    }

    @Test(arguments: [
        ("v=DMARC1; p=reject", "sender.example", DMARCResult.pass),
        ("v=DMARC1; p=reject", "mail.sender.example", .pass),
        ("v=DMARC1; p=reject; aspf=s", "mail.sender.example", .fail),
        ("v=DMARC1; p=reject", "other.example", .fail),
    ])
    func goesByAlignment(_ record: String, _ passed: String, _ result: DMARCResult) async {
        publish("_dmarc.sender.example", record)
        let outcome = await check(passed: [(.spf, passed)])
        #expect(outcome.result == result)
        #expect(outcome.policy == .reject)
    }

    @Test func theOrganizationSpeaksForItsSubdomains() async {
        publish("_dmarc.sender.example", "v=DMARC1; p=none; sp=quarantine")
        zone.put("news.sender.example", .a, [])
        let outcome = await check(
            from: "From: ada@news.sender.example\r\n\r\n", passed: [(.dkim, "other.example")])
        #expect(outcome.result == .fail)
        #expect(outcome.policy == .quarantine)
    }

    @Test func aDNSThatFailsIsNoVerdict() async {
        zone.put("_dmarc.sender.example", .txt, .failure(.timedOut))
        #expect(await check(passed: [(.spf, "sender.example")]).result == .temperror)
    }

    @Test(
        "P3: who the author is cannot be told",
        arguments: [
            "Subject: x\r\n\r\n", "From: a@one.example\r\nFrom: b@two.example\r\n\r\n",
            "From: a@one.example, b@two.example\r\n\r\n", "From: nobody\r\n\r\n", "From:\r\n\r\n",
            "From: a@one.example <b@two.example\r\n\r\n", "From: <a@[192.0.2.1]>\r\n\r\n",
        ])
    func odderAuthors(_ header: String) async {
        publish("_dmarc.one.example", "v=DMARC1; p=reject")
        let outcome = await check(from: header, passed: [(.spf, "one.example")])
        #expect(outcome.result == .permerror)
        #expect(!outcome.reason.description.isEmpty)
    }

    @Test("P8: the walk ends")
    func theWalkIsBounded() async {
        let labels = (0..<60).map { "l\($0)" }.joined(separator: ".")
        let name = String("\(labels).example".suffix(200).drop { $0 == "." })
        _ = await check(from: "From: a@\(name)\r\n\r\n", passed: [(.spf, name)])
        #expect(zone.asked.filter { $0.hasPrefix("txt ") }.count <= 16)
    }
}
