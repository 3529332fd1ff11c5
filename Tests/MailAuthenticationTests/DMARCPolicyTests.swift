import DNS
import MailAuthentication
import MailModel
import TestSupport
import Testing

/// What a record wishes for a mail that fails. RFC 9989 §4.7, and RFC 7489 §6.3
@Suite struct DMARCPolicyTests {
    private static let author = "news.sender.example"
    private static let list = PublicSuffixList(Array("example\n*.cc.example\n".utf8))

    /// Asks about an author below the record's domain.
    private static func check(
        _ record: String, exists: Bool = true, author: String = author,
        rules: DMARCRules = .rfc9989
    ) async -> DMARCOutcome {
        let zone = ZoneResolver()
        zone.put("_dmarc.sender.example", .txt, [.txt(record)])
        if exists { zone.put(author, .a, .success(DNSAnswer(.noRecord))) }
        return await DMARCVerifier(resolver: zone, time: ManualTime(), rules: rules).check(
            .success(Domain(validatedASCII: author)), DMARCEvidence(passed: []))
    }

    @Test(
        "np is of names that do not exist, sp of others below, p of the domain itself",
        arguments: [
            ("p=reject", "reject", "reject", "reject"),
            ("p=none; sp=quarantine", "none", "quarantine", "quarantine"),
            ("p=none; np=reject", "none", "none", "reject"),
            ("p=quarantine; sp=none; np=reject", "quarantine", "none", "reject"),
            ("p=reject; sp=quarantine; np=none", "reject", "quarantine", "none"),
            // Without p it is none.
            ("sp=quarantine; np=reject", "none", "quarantine", "reject"),
            ("adkim=s", "none", "none", "none"),
            ("P=Reject; SP=QUARANTINE", "reject", "quarantine", "quarantine"),
        ])
    func chooses(_ tags: String, _ own: String, _ below: String, _ absent: String) async {
        let record = "v=DMARC1; \(tags)"
        let at = await Self.check(record, author: "sender.example")
        #expect(at.policy?.rawValue == own)
        #expect(await Self.check(record).policy?.rawValue == below)
        #expect(await Self.check(record, exists: false).policy?.rawValue == absent)
    }

    @Test("a DNS that fails is no proof that a name does not exist")
    func existence() async {
        let zone = ZoneResolver()
        zone.put("_dmarc.sender.example", .txt, [.txt("v=DMARC1; p=none; np=reject")])
        zone.put(Self.author, .a, .failure(.timedOut))
        let outcome = await DMARCVerifier(resolver: zone, time: ManualTime()).check(
            .success(Domain(validatedASCII: Self.author)), DMARCEvidence(passed: []))
        #expect(outcome.result == .fail && outcome.policy == DMARCPolicy.none)
    }

    @Test(
        "a policy that is none: reports make it p=none, without them there is no record",
        arguments: ["p=fail", "p=", "p=none; sp=maybe", "p=reject; np=x", "p=reject; sp="])
    func unusable(_ tags: String) async {
        #expect(await Self.check("v=DMARC1; \(tags)").result == .permerror)
        let reported = await Self.check("v=DMARC1; \(tags); rua=mailto:a@sender.example")
        #expect(reported.result == .fail && reported.policy == DMARCPolicy.none)
    }

    @Test(
        "a reporting address is a URI",
        arguments: [
            ("mailto:a@b.example", true), ("mailto:a@b.example!10m", true), ("mailto:", true),
            ("nowhere, https://b.example/x", true), ("tel+x.1-a:5", true), ("nowhere", false),
            ("a@b.example", false), ("", false), ("<mailto:a@b.example>", false),
            ("mailto:a b@c.example", false), (":a", false), ("1a:b", false), (",", false),
        ])
    func reportsMakeItNone(_ addresses: String, _ isAny: Bool) async {
        let outcome = await Self.check("v=DMARC1; p=reject; sp=maybe; rua=\(addresses)")
        #expect(outcome.result == (isAny ? .fail : .permerror))
        #expect(outcome.policy == (isAny ? DMARCPolicy.none : nil))
    }

    @Test(
        "t=y is a test: the milder policy is wished for, whatever tag it is of",
        arguments: [
            ("p=reject; t=y", DMARCPolicy.reject, DMARCPolicy.quarantine),
            ("p=reject; t=Y", .reject, .quarantine), ("p=quarantine; t=y", .quarantine, .none),
            ("p=none; t=y", .none, .none), ("p=none; sp=reject; t=y", .reject, .quarantine),
            ("p=reject; np=quarantine; sp=none; t=y", .none, .none),
            ("p=reject; t=n", .reject, .reject), ("p=reject; t=maybe", .reject, .reject),
            ("p=reject; t=", .reject, .reject), ("p=reject", .reject, .reject),
        ])
    func tests(
        _ tags: String, _ policy: DMARCPolicy, _ disposition: DMARCPolicy
    ) async throws {
        let outcome = await Self.check("v=DMARC1; \(tags)")
        #expect(outcome.result == .fail && outcome.policy == policy)
        #expect(
            outcome.disposition() == disposition && outcome.disposition(dice: 99) == disposition)
        let address = try #require(IPAddress("192.0.2.7"))
        let verdicts = AuthenticationVerdicts(
            spf: SPFOutcome(.none, .noDomain, SPFSender(address, helo: "mail.example")), dkim: [],
            arc: ARCOutcome(.none, .noSets), dmarc: outcome)
        #expect(verdicts.dmarcPolicy == disposition)
    }

    // MARK: RFC 7489

    @Test(
        "pct counts by RFC 7489 alone: a mail beyond it gets the milder policy",
        arguments: [
            ("pct=0", 0, DMARCPolicy.quarantine), ("pct=50", 49, .reject),
            ("pct=50", 50, .quarantine), ("pct=100", 99, .reject), ("pct=101", 99, .reject),
            ("pct=-1", 99, .reject), ("pct=+5", 99, .reject), ("pct=x", 99, .reject),
            ("adkim=r", 99, .reject),
        ])
    func percent(_ tag: String, _ dice: Int, _ disposition: DMARCPolicy) async {
        let record = "v=DMARC1; p=reject; \(tag)"
        let old = await Self.check(record, rules: .rfc7489(Self.list))
        #expect(old.disposition(dice: dice) == disposition)
        #expect(await Self.check(record).disposition(dice: dice) == .reject)
    }

    @Test("a quarantine beyond pct is none")
    func percentOfQuarantine() async {
        let outcome = await Self.check(
            "v=DMARC1; p=quarantine; pct=0", rules: .rfc7489(Self.list))
        #expect(outcome.disposition(dice: 0) == .none)
    }

    @Test(
        "np, psd and t are none of RFC 7489, and p must stand there",
        arguments: [
            ("p=none; np=reject", DMARCResult.fail, DMARCPolicy.none),
            ("p=reject; t=y", .fail, .reject), ("p=reject; psd=n", .fail, .reject),
        ])
    func olderRecords(
        _ tags: String, _ result: DMARCResult, _ disposition: DMARCPolicy
    ) async {
        let outcome = await Self.check(
            "v=DMARC1; \(tags)", exists: false, rules: .rfc7489(Self.list))
        #expect(outcome.result == result && outcome.disposition(dice: 0) == disposition)
        let bare = await Self.check("v=DMARC1; sp=reject", rules: .rfc7489(Self.list))
        #expect(bare.result == .permerror)
    }

    @Test(
        "organizations are those of the list, and nothing between is asked for",
        arguments: [
            ("a.b.sender.example", "sender.example"), ("sender.example", nil),
            ("a.b.c.cc.example", "b.c.cc.example"), ("example", nil), ("192.0.2.1", nil),
        ])
    func organizations(_ author: String, _ organization: String?) async {
        let zone = ZoneResolver()
        let outcome = await DMARCVerifier(
            resolver: zone, time: ManualTime(), rules: .rfc7489(Self.list)
        ).check(
            .success(Domain(validatedASCII: author)), DMARCEvidence(passed: []))
        #expect(outcome.result == .none)
        let names = [author, organization].compactMap(\.self)
        #expect(zone.asked == names.map { "txt _dmarc.\($0)" })
    }

    @Test("relaxed alignment by the list")
    func alignment() async {
        let zone = ZoneResolver()
        zone.put("_dmarc.b.c.cc.example", .txt, [.txt("v=DMARC1; p=reject")])
        for (domain, result) in [
            ("x.b.c.cc.example", DMARCResult.pass), ("c.cc.example", .fail),
            ("x.c.cc.example", .fail),
        ] {
            let outcome = await DMARCVerifier(
                resolver: zone, time: ManualTime(), rules: .rfc7489(Self.list)
            ).check(
                .success(Domain(validatedASCII: "a.b.c.cc.example")),
                DMARCEvidence(passed: [.init(.spf, Domain(validatedASCII: domain))]))
            #expect(outcome.result == result, "\(domain)")
        }
    }

    // MARK: Reading

    @Test func readsEveryTag() {
        let record = DMARCRecord(
            Array(
                """
                v=DMARC1; p=none; sp=quarantine; np=reject; adkim=s; aspf=s; psd=n; t=y; pct=7; \
                fo=1:d:s:x; ri=3600; rua=mailto:a@b.example!10m, https://b.example/; \
                ruf=mailto:c@b.example; rf=afrf
                """.utf8))
        #expect(record.policy == DMARCPolicy.none && record.subdomainPolicy == .quarantine)
        #expect(record.nonexistentPolicy == .reject && record.publicSuffix == .no)
        #expect(record.dkimAlignment == .strict && record.spfAlignment == .strict)
        #expect(record.isTesting && record.percent == 7 && record.reportSeconds == 3_600)
        #expect(record.failureOptions == [.anyFailed, .dkimFailed, .spfFailed])
        #expect(record.aggregateReports == ["mailto:a@b.example!10m", "https://b.example/"])
        #expect(record.failureReports == ["mailto:c@b.example"] && record.defects.isEmpty)
    }

    @Test("what is no value leaves the default, and is noted")
    func readsDefaults() {
        let record = DMARCRecord(
            Array("v=DMARC1; adkim=x; t; pct=; fo=x; ri=4294967296; p=none; p=reject".utf8))
        #expect(record.dkimAlignment == .relaxed && record.failureOptions == [.allFailed])
        #expect(record.reportSeconds == 86_400 && record.percent == 100)
        #expect(record.policy == DMARCPolicy.none)
        #expect(record.defects == ["adkim", "t", "pct", "fo", "ri", "p"])
    }
}
