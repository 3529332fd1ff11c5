import DNS
import MailAuthentication
import MailModel
import TestSupport
import Testing

/// Which organization a domain is of, and where its policy stands: RFC 9989 §4.10, with the
/// examples of its appendix B.
@Suite struct DMARCTreeWalkTests {
    struct Case: CustomTestStringConvertible {
        var says: String
        /// Records at `_dmarc`, by their domain.
        var records: [String: String]
        var author: String
        var dkim: String?
        var spf: String?
        var result: DMARCResult
        var policyDomain: String?
        var aligned: [String] = []

        var testDescription: String { says }
    }

    private static let plain = "v=DMARC1; p=reject"
    private static let deep = "a.b.c.d.e.f.g.h.i.j.k.example.com"
    private static let bank = [
        "bank.example": "v=DMARC1; p=reject; psd=y",
        "giant.bank.example": "v=DMARC1; p=quarantine",
    ]

    static let cases = [
        Case(
            says: "B.4.1: the organization has a record, and so has its subdomain",
            records: ["example.com": plain, "signing.example.com": "v=DMARC1; p=none"],
            author: "example.com", dkim: "signing.example.com", spf: "example.com", result: .pass,
            policyDomain: "example.com",
            aligned: ["dkim signing.example.com", "spf example.com"]),
        Case(
            says: "B.4.2: an author of many labels",
            records: ["example.com": plain, "signing.example.com": "v=DMARC1; p=none"],
            author: deep, dkim: "signing.example.com", spf: "example.com", result: .pass,
            policyDomain: "example.com",
            aligned: ["dkim signing.example.com", "spf example.com"]),
        Case(
            says: "B.4.3: a public suffix says that it is one",
            records: bank, author: "giant.bank.example", dkim: "mail.mega.bank.example",
            spf: "mail.giant.bank.example", result: .pass, policyDomain: "giant.bank.example",
            aligned: ["spf mail.giant.bank.example"]),
        Case(
            says: "the public suffix has the policy of an organization that has none",
            records: bank, author: "mail.mega.bank.example", dkim: "mega.bank.example",
            result: .pass, policyDomain: "bank.example", aligned: ["dkim mega.bank.example"]),
        Case(
            says: "a public suffix speaks for itself",
            records: bank, author: "bank.example", spf: "mega.bank.example", result: .fail,
            policyDomain: "bank.example"),
        Case(
            says: "psd=n ends the walk below a parent's record",
            records: ["a.example": plain, "b.a.example": "v=DMARC1; p=none; psd=n"],
            author: "c.b.a.example", dkim: "a.example", spf: "d.b.a.example", result: .pass,
            policyDomain: "b.a.example", aligned: ["spf d.b.a.example"]),
        Case(
            says: "psd=n at the author's parent keeps its siblings out",
            records: ["b.a.example": "v=DMARC1; p=none; psd=n"],
            author: "b.a.example", dkim: "c.a.example", result: .fail,
            policyDomain: "b.a.example"),
        Case(
            says: "psd=u is as good as none, and the highest record is the organization's",
            records: ["b.a.example": "v=DMARC1; p=none; psd=u", "a.example": plain],
            author: "c.b.a.example", dkim: "d.a.example", result: .pass,
            policyDomain: "a.example", aligned: ["dkim d.a.example"]),
        Case(
            says: "a psd= that is no value is psd=u",
            records: ["b.a.example": "v=DMARC1; p=none; psd=maybe", "a.example": plain],
            author: "c.b.a.example", dkim: "d.a.example", result: .pass,
            policyDomain: "a.example", aligned: ["dkim d.a.example"]),
        Case(
            says: "records at several levels: the author's own comes first",
            records: [
                "c.b.a.example": "v=DMARC1; p=none", "b.a.example": plain, "a.example": plain,
            ],
            author: "c.b.a.example", dkim: "a.example", result: .pass,
            policyDomain: "c.b.a.example", aligned: ["dkim a.example"]),
        Case(
            says: "without a record the author is of itself alone",
            records: [:], author: "b.a.example", dkim: "b.a.example", result: .none),
        Case(
            says: "a record at a top-level domain without psd=y makes an organization of it",
            records: ["example": plain], author: "a.example", dkim: "b.example", result: .pass,
            policyDomain: "example", aligned: ["dkim b.example"]),
        Case(
            says: "strict alignment over the walk is none",
            records: ["example.com": "v=DMARC1; p=reject; adkim=s; aspf=s"],
            author: "mail.example.com", dkim: "example.com", spf: "a.mail.example.com",
            result: .fail, policyDomain: "example.com"),
        Case(
            says: "strict alignment is identity",
            records: ["example.com": "v=DMARC1; p=reject; adkim=s; aspf=s"],
            author: "mail.example.com", dkim: "mail.example.com", spf: "mail.example.com",
            result: .pass, policyDomain: "example.com",
            aligned: ["dkim mail.example.com", "spf mail.example.com"]),
        Case(
            says: "strict for one method is relaxed for the other",
            records: ["example.com": "v=DMARC1; p=reject; adkim=s"],
            author: "mail.example.com", dkim: "example.com", spf: "example.com", result: .pass,
            policyDomain: "example.com", aligned: ["spf example.com"]),
        Case(
            says: "a name that only ends alike is somebody else",
            records: ["example.com": plain, "badexample.com": plain], author: "example.com",
            dkim: "badexample.com", result: .fail, policyDomain: "example.com"),
        Case(
            says: "a subdomain of another organization's name",
            records: ["example.com": plain, "sub.example.com": "v=DMARC1; p=none; psd=n"],
            author: "example.com", dkim: "mail.sub.example.com", result: .fail,
            policyDomain: "example.com"),
    ]

    private static func check(
        _ author: String, _ zone: ZoneResolver, dkim: String? = nil, spf: String? = nil
    ) async -> DMARCOutcome {
        let passed =
            [dkim.map { (DMARCIdentifier.Method.dkim, $0) }, spf.map { (.spf, $0) }]
            .compactMap(\.self)
            .map { DMARCIdentifier($0.0, Domain(validatedASCII: $0.1)) }
        return await DMARCVerifier(resolver: zone, time: ManualTime()).check(
            .success(Domain(validatedASCII: author)), DMARCEvidence(passed: passed))
    }

    @Test(arguments: cases)
    func finds(_ one: Case) async {
        let zone = ZoneResolver()
        for (name, record) in one.records { zone.put("_dmarc.\(name)", .txt, [.txt(record)]) }
        let outcome = await Self.check(one.author, zone, dkim: one.dkim, spf: one.spf)
        #expect(outcome.result == one.result)
        #expect(outcome.policyDomain?.ascii == one.policyDomain)
        #expect(outcome.aligned.map(\.description) == one.aligned)
    }

    // MARK: What is asked

    @Test(
        "at most eight questions: the name, and then from seven labels up",
        arguments: [
            ("example", ["example"]),
            ("a.example", ["a.example", "example"]),
            (
                "a.b.c.d.e.f.example",
                [
                    "a.b.c.d.e.f.example", "b.c.d.e.f.example", "c.d.e.f.example", "d.e.f.example",
                    "e.f.example", "f.example", "example",
                ]
            ),
            (
                "a.b.c.d.e.f.g.example",
                [
                    "a.b.c.d.e.f.g.example", "b.c.d.e.f.g.example", "c.d.e.f.g.example",
                    "d.e.f.g.example", "e.f.g.example", "f.g.example", "g.example", "example",
                ]
            ),
            (
                "a.b.c.d.e.f.g.h.example",
                [
                    "a.b.c.d.e.f.g.h.example", "c.d.e.f.g.h.example", "d.e.f.g.h.example",
                    "e.f.g.h.example", "f.g.h.example", "g.h.example", "h.example", "example",
                ]
            ),
            // The RFC's own example.
            (
                "a.b.c.d.e.f.g.h.i.j.mail.example.com",
                [
                    "a.b.c.d.e.f.g.h.i.j.mail.example.com", "g.h.i.j.mail.example.com",
                    "h.i.j.mail.example.com", "i.j.mail.example.com", "j.mail.example.com",
                    "mail.example.com", "example.com", "com",
                ]
            ),
            ("192.0.2.1", ["192.0.2.1"]),
        ])
    func asks(_ author: String, _ names: [String]) async {
        let zone = ZoneResolver()
        #expect(await Self.check(author, zone).result == .none)
        #expect(zone.asked == names.map { "txt _dmarc.\($0)" })
    }

    @Test(
        "psd= ends the walk where it stands",
        arguments: [("psd=y", false), ("psd=n", false), ("psd=u", true), ("t=y", true)])
    func stops(_ tag: String, _ goesOn: Bool) async {
        let zone = ZoneResolver()
        zone.put("_dmarc.b.a.example", .txt, [.txt("v=DMARC1; p=none; \(tag)")])
        _ = await Self.check("c.b.a.example", zone)
        #expect(zone.asked.contains("txt _dmarc.a.example") == goesOn)
    }

    @Test("a record that a jump passes over is not seen")
    func jumps() async {
        let zone = ZoneResolver()
        zone.put("_dmarc.b.c.d.e.f.g.h.example", .txt, [.txt("v=DMARC1; p=none; psd=n")])
        #expect(await Self.check("a.b.c.d.e.f.g.h.example", zone).result == .none)
    }

    @Test(
        "several records at a name are none, texts that are no records do not count",
        arguments: [
            (["v=DMARC1; p=none", "v=DMARC1; p=none"], "example"),
            (["v=DMARC1; p=none", "v=spf1 -all", "v=DMARC2; p=none"], "a.example"),
            (["v=dmarc1; p=none"], "example"), (["p=none; v=DMARC1"], "example"), ([], "example"),
        ])
    func severalRecords(_ texts: [String], _ policyDomain: String) async {
        let zone = ZoneResolver()
        zone.put("_dmarc.a.example", .txt, texts.map { .txt($0) })
        zone.put("_dmarc.example", .txt, [.txt(Self.plain)])
        let outcome = await Self.check("a.example", zone)
        #expect(outcome.policyDomain?.ascii == policyDomain)
    }

    @Test(
        "a DNS that fails anywhere on the walk leaves the verdict open",
        arguments: ["b.a.example", "a.example", "example"])
    func failures(_ name: String) async {
        let zone = ZoneResolver()
        zone.put("_dmarc.\(name)", .txt, .failure(.timedOut))
        #expect(await Self.check("b.a.example", zone).result == .temperror)
    }

    @Test("who is aligned for sure passes while the DNS fails over others")
    func failuresOfOthers() async {
        let zone = ZoneResolver()
        zone.put("_dmarc.a.example", .txt, [.txt(Self.plain)])
        zone.put("_dmarc.x.a.example", .txt, .failure(.timedOut))
        let outcome = await Self.check("a.example", zone, dkim: "x.a.example", spf: "a.example")
        #expect(outcome.result == .pass && outcome.aligned.map(\.description) == ["spf a.example"])
        #expect(await Self.check("a.example", zone, dkim: "x.a.example").result == .temperror)
    }
}
