import Documents
import MailModel
import RuleEngine
import TestSupport
import Testing

/// Whoever traces asks each rule as a whole, whoever evaluates sieves them first: both find the same.
@Suite struct RuleSieveTests {
    private static let conditions =
        ["mailFrom", "subject", "fromDomain", "helo", "peerName", "dkimDomain"].flatMap { fact in
            ["is", "startsWith", "endsWith", "contains"].flatMap { test in
                [
                    "ada", "ada@partner.example", "PARTNER.example", "example", "p", "[a, e, one]",
                    "a text that is longer than any that is asked",
                ].map { "{\(fact): {\(test): \($0)}}" }
            } + ["{\(fact): {exists: true}}", "{\(fact): {exists: false}}"]
        }
        + [
            "{header: {name: X-Mark, is: two}}", "{header: {name: X-Mark, is: three}}",
            "{header: {name: X-None, contains: a}}",
            "{header: {name: X-Mark, startsWith: o, contains: [x, e], like: '*n*'}}",
            "{recipient: {startsWith: a}}", "{recipient: {startsWith: b}}", "{tls: true}",
            "{mailFrom: {is: ''}}",
            "{any: [{subject: {is: x}}, {mailFrom: {contains: ada}}]}",
            "{not: {mailFrom: {contains: ada}}}",
        ]
        + [
            "192.0.2.9", "192.0.2.8/31", "192.0.2.0/31", "0.0.0.0/0", "::/0", "2001:db8::/32",
            "2001:db8::9/128", "198.51.100.1', '2001:db8::/64",
        ].map { "{peer: ['\($0)']}" }

    /// One rule for each condition, in one set: their demands share one sieve.
    private static func evaluator() throws -> RuleEvaluator {
        var text = "ruleSet: sieved\nrules:\n"
        for (number, condition) in conditions.enumerated() {
            text +=
                "  - {name: r\(number), when: [\(condition)], actions: [{notify: {topic: t}}]}\n"
            text += "  - {name: u\(number), when: [{tls: false}, \(condition)], whenUnknown: take, "
            text += "actions: [{notify: {topic: t}}]}\n"
        }
        return RuleEvaluator(
            ruleSet: try RuleDocument.read(text, file: "sieved", catalogue: .unchecked))
    }

    private static func mails() throws -> [MailFacts] {
        let nothing = MailFacts(
            recipients: ["ada@example.com", "bob@example.com"].compactMap { Mailbox($0) },
            isTLS: false)
        var known = nothing
        known.mailFrom = .known(.mailbox(try #require(Mailbox("Ada@Partner.example"))))
        known.helo = .known("partner.example")
        known.peerName = .known(nil)
        known.peerAddress = .known(try #require(IPAddress("192.0.2.9")))
        let mail =
            "From: ada@partner.example, bob@b\u{fc}cher.example\r\nSubject: ADA\r\n"
            + "X-Mark: one\r\nX-Mark: Two\r\n\r\n"
        known.read(Array(mail.utf8), for: [.header], guesser: nil)
        known.verdicts = .known(
            MailFacts.Verdicts(statuses: [:], dkimDomains: ["partner.example"]))
        var other = known
        other.mailFrom = .known(.null)
        other.peerAddress = .known(try #require(IPAddress("2001:db8::9")))
        other.peerName = .known(Domain(validatedASCII: "p.example"))
        // More domains may have signed it.
        other.verdicts = .known(
            MailFacts.Verdicts(
                statuses: [:], dkimDomains: ["example"], areDKIMDomainsWhole: false))
        return [nothing, known, other]
    }

    @Test func whatIsRuledOutWouldHaveTakenNothing() throws {
        let evaluator = try Self.evaluator()
        for facts in try Self.mails() {
            let evaluated = evaluator.evaluate(facts) { _ in nil }.next.map(\.key.rule)
            let traced = evaluator.trace(facts) { _ in nil }
                .filter { $0.answer == .took }.map(\.rule)
            #expect(evaluated == traced)
            #expect(!traced.isEmpty && traced.count < 2 * Self.conditions.count)
        }
    }
}
