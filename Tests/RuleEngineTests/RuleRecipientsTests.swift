import MailModel
import RuleEngine
import Testing

/// Which mails a set takes and scans, by whom they are for.
@Suite struct RuleRecipientsTests: EvaluatingRules {
    // MARK: Scanning

    /// SES: `ScanEnabled`. The rules are what is written, the answer is whether anybody scans.
    @Test(arguments: [
        ([], false, false),
        ([rule("a")], false, false),
        ([rule("a", scans: true)], false, true),
        ([rule("a"), rule("b", ["example.com"], scans: true)], false, true),
        ([rule("a"), rule("b", ["example.net"], scans: true)], false, false),
        ([rule("a", isEnabled: false, scans: true)], true, false),
        ([rule("a", tls: .require, scans: true)], false, false),
        ([rule("a", tls: .require, scans: true)], true, true),
        // Whether a stop is reached is not known before.
        ([rule("a", [], [.stop(topic: nil)]), rule("b", scans: true)], false, true),
    ])
    func saysWhetherAMailIsScanned(
        _ rules: [ReceiptRule], _ isTLS: Bool, _ isScanned: Bool
    ) {
        let facts = MailFacts(recipients: [Self.mailbox("ada@example.com")], isTLS: isTLS)
        #expect(Self.evaluator(rules).scans(facts) == isScanned)
    }

    // MARK: Recipients: the developer guide's table

    @Test(arguments: [
        ("user@example.com", "user@example.com", true),
        ("user@example.com", "USER@Example.COM", true),
        ("user@example.com", "user+label@example.com", true),
        ("user@example.com", "user+a+b@example.com", true),
        ("user@example.com", "users@example.com", false),
        ("user+label@example.com", "user+label@example.com", true),
        ("user+label@example.com", "user@example.com", false),
        ("user+label@example.com", "user+other@example.com", false),
        ("example.com", "anyone@example.com", true),
        ("example.com", "anyone@sub.example.com", false),
        ("sub.example.com", "anyone@sub.example.com", true),
        ("sub.example.com", "anyone@example.com", false),
        (".example.com", "anyone@sub.example.com", true),
        (".example.com", "anyone@a.b.example.com", true),
        (".example.com", "anyone@example.com", false),
        (".example.com", "anyone@notexample.com", false),
        ("grün.example", "a@xn--grn-ioa.example", true),
        ("a@[192.0.2.1]", "a@[192.0.2.1]", true),
    ])
    func matchesRecipients(_ entry: String, _ recipient: String, _ isMatch: Bool) throws {
        let condition = try RecipientCondition(parsing: entry)
        let evaluator = Self.evaluator([Self.rule("r", [entry])])
        let mailbox = Self.mailbox(recipient)
        #expect(condition.matches(mailbox) == isMatch)
        #expect((evaluator.admits(mailbox, isTLS: false) == .taken) == isMatch)
    }

    /// The index and the walk over all conditions agree on random sets.
    @Test func indexAgreesWithTheWalk() throws {
        var generator = SystemRandomNumberGenerator()
        let locals = ["a", "b", "a+x", "b+x+y"]
        let domains = ["e.test", "s.e.test", "t.s.e.test", "f.test"]
        let entries =
            domains + domains.map { ".\($0)" }
            + locals.flatMap { local in domains.map { "\(local)@\($0)" } }
        for _ in 0..<500 {
            let rules = (0..<5).map { index in
                Self.rule(
                    "r\(index)",
                    (0..<Int.random(in: 0...3, using: &generator)).compactMap { _ in
                        entries.randomElement(using: &generator)
                    },
                    isEnabled: Bool.random(using: &generator))
            }
            let evaluator = Self.evaluator(rules)
            for local in locals {
                for domain in domains {
                    let recipient = Self.mailbox("\(local)@\(domain)")
                    let expected = rules.filter { rule in
                        rule.isEnabled
                            && (rule.recipients.isEmpty
                                || rule.recipients.contains { $0.matches(recipient) })
                    }.map(\.name)
                    let facts = MailFacts(recipients: [recipient], isTLS: false)
                    let took = evaluator.trace(facts) { _ in nil }
                        .filter { $0.answer == .took }.map(\.rule)
                    #expect(took == expected)
                    #expect(
                        (evaluator.admits(recipient, isTLS: false) == .taken) == !expected.isEmpty)
                }
            }
        }
    }

    @Test func asksForTLSOnlyWhereEveryRuleDoes() {
        let strict = Self.rule("strict", ["a@e.test", "b@e.test"], tls: .require)
        let open = Self.rule("open", ["b@e.test"])
        let evaluator = Self.evaluator([strict, open])
        #expect(evaluator.admits(Self.mailbox("a@e.test"), isTLS: false) == .tlsRequired)
        #expect(evaluator.admits(Self.mailbox("a@e.test"), isTLS: true) == .taken)
        #expect(evaluator.admits(Self.mailbox("b@e.test"), isTLS: false) == .taken)
        #expect(evaluator.admits(Self.mailbox("c@e.test"), isTLS: true) == .unknown)
    }
}
