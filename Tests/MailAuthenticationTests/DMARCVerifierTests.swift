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
        return await DMARCVerifier(resolver: zone, time: ManualTime())
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

    /// It would be as large at the next try.
    @Test func anAnswerThatIsTooLargeIsNoRecord() async {
        zone.put("_dmarc.sender.example", .txt, .failure(.answerTooLarge))
        #expect(await check(passed: [(.spf, "sender.example")]).result == .none)
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

    // MARK: One is enough

    /// A record at the organization alone, and how many questions the alignment of these takes
    /// beyond the two that find it.
    @Test(arguments: [
        // What is of the very domain asks nobody, wherever it stands.
        (["a.sender.example", "b.sender.example", "mail.sender.example"], DMARCResult.pass, 0),
        (["x.other.example", "mail.sender.example"], .pass, 0),
        // The first below the organization ends it: one question for its own name.
        (["a.sender.example", "b.sender.example", "c.sender.example"], .pass, 1),
        (["sender.example", "a.sender.example"], .pass, 0),
        // Others ask for nothing.
        (["x.other.example", "y.other.example"], .fail, 0),
    ])
    func asksUntilOneIsAligned(
        _ passed: [String], _ result: DMARCResult, _ more: Int
    ) async {
        publish("_dmarc.sender.example", "v=DMARC1; p=reject")
        let from = "From: ada@mail.sender.example\r\n\r\n"
        let base = await check(from: from, passed: [])
        #expect(base.result == .fail)
        let asked = zone.asked.count
        let outcome = await check(from: from, passed: passed.map { (.dkim, $0) })
        #expect(outcome.result == result)
        #expect(zone.asked.count - asked == asked + more)
    }

    /// Each answer takes so many seconds; the author's walk wants six, alignment one more.
    @Test(
        "P8: a DNS that is slow ends a check in time",
        arguments: [(2, DMARCResult.pass, 7), (4, .temperror, 6), (21, .temperror, 1)])
    func aSlowDNSIsBounded(_ seconds: Int64, _ result: DMARCResult, _ asked: Int) async {
        publish("_dmarc.sender.example", "v=DMARC1; p=reject")
        let time = ManualTime()
        let slow = SlowResolver(zone: zone, time: time, seconds: seconds)
        let author = Domain(validatedASCII: "a.b.c.d.sender.example")
        let below = Domain(validatedASCII: "x.a.b.c.d.sender.example")
        let outcome = await DMARCVerifier(resolver: slow, time: time).check(
            .success(author), DMARCEvidence(passed: [DMARCIdentifier(.dkim, below)]))
        #expect(outcome.result == result)
        #expect(zone.asked.count == asked)
        if result == .temperror {
            #expect(outcome.reason.description.hasSuffix("it took more than 20 seconds"))
        }
    }

    /// An author that no name in the DNS can be does not exist, whatever a resolver says of it.
    @Test(arguments: [(253, DMARCPolicy.quarantine), (254, .reject)])
    func namesTheDNSCannotHaveDoNotExist(_ bytes: Int, _ policy: DMARCPolicy) async {
        publish("_dmarc.sender.example", "v=DMARC1; p=quarantine; np=reject")
        let author = LongNames.below("sender.example", bytes: bytes)
        zone.put(author, .a, .failure(.serverFailed("syntax error")))
        let outcome = await check(from: "From: a@\(author)\r\n\r\n", passed: [])
        #expect(outcome.result == .fail)
        #expect(outcome.policy == policy)
    }

    @Test("P8: the walk ends")
    func theWalkIsBounded() async {
        let labels = (0..<60).map { "l\($0)" }.joined(separator: ".")
        let name = String("\(labels).example".suffix(200).drop { $0 == "." })
        _ = await check(from: "From: a@\(name)\r\n\r\n", passed: [(.spf, name)])
        #expect(zone.asked.filter { $0.hasPrefix("txt ") }.count <= 16)
    }
}
