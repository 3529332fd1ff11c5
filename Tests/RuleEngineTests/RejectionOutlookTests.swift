import MailModel
import RuleEngine
import Testing

/// What is known before a mail's content of whether rules refuse it, and what comes of it.
@Suite struct RejectionOutlookTests {
    private static func evaluator(_ rules: String) throws -> RuleEvaluator {
        let set = try RuleDocument.read(
            "ruleSet: s\nrules:\n" + rules, file: "f", catalogue: .unchecked)
        let again = try RuleDocument.read(
            RuleDocument.text(of: set), file: "f", catalogue: .unchecked)
        #expect(again == set)
        return RuleEvaluator(ruleSet: set)
    }

    private static func rule(_ name: String, _ lines: String..., actions: String) -> String {
        let all = lines + ["actions: [\(actions)]"]
        return "  - name: \(name)\n" + all.map { "    \($0)\n" }.joined()
    }

    private static let reject = "{reject: {}}"

    private static func facts(
        _ recipients: String..., subject: String? = nil, isTLS: Bool = false
    ) throws -> MailFacts {
        var facts = MailFacts(recipients: recipients.compactMap { Mailbox($0) }, isTLS: isTLS)
        facts.mailFrom = .known(.mailbox(try #require(Mailbox("bob@far.example"))))
        guard let subject else { return facts }
        facts.read(Array("Subject: \(subject)\r\n\r\n".utf8), for: .header, guesser: nil)
        return facts
    }

    enum Outlook { case taken, refused, open }

    private static let bySubject = rule("x", "when: [{subject: x}]", actions: reject)
    private static let stopBySubject = rule("stop", "when: [{subject: x}]", actions: "stop")

    static let single: [(String, Outlook)] = [
        ("", .taken),
        (rule("a", actions: "stop"), .taken),
        (rule("a", actions: reject), .refused),
        (rule("a", "enabled: false", actions: reject), .taken),
        (rule("a", "recipients: [b.example]", actions: reject), .taken),
        (rule("a", "tls: require", actions: reject), .taken),
        (rule("a", "when: [{mailFrom: bob@far.example}]", actions: reject), .refused),
        (rule("a", "when: [{mailFrom: eve@far.example}]", actions: reject), .taken),
        (bySubject, .open),
        // What is known already may be enough.
        (rule("a", "when: [{subject: x}, {tls: true}]", actions: reject), .taken),
        (rule("a", "when: [{any: [{subject: x}, {tls: false}]}]", actions: reject), .refused),
        // Even where it would take what is unknown: it may be known later.
        (rule("a", "when: [{subject: x}]", "whenUnknown: take", actions: reject), .open),
        (rule("a", "when: [{peerName: x}]", "whenUnknown: take", actions: reject), .open),
        (rule("a", actions: "{reject: {text: 'No ${subject}'}}"), .open),
        (rule("a", actions: "{reject: {text: 'No ${mailFrom}'}}"), .refused),
        // Its words are not known before the content, though its conditions hold.
        (
            rule(
                "a", "when: [{any: [{tls: false}, {subject: x}]}]",
                actions: "{reject: {text: 'No ${subject}'}}"), .open
        ),
        (
            rule(
                "a", "when: [{any: [{tls: false}, {subject: {matches: '(?P<word>x)'}}]}]",
                actions: "{reject: {text: 'No ${word}'}}"), .open
        ),
    ]

    static let inOrder: [(String, Outlook)] = [
        (rule("a", actions: "stop") + rule("b", actions: reject), .taken),
        (rule("a", actions: "quarantine") + rule("b", actions: reject), .taken),
        (rule("a", actions: "drop") + rule("b", actions: reject), .taken),
        (rule("a", actions: reject) + rule("b", actions: "stop"), .refused),
        (bySubject + rule("b", actions: reject), .open),
        (bySubject + rule("b", actions: "stop"), .open),
        (stopBySubject + rule("b", actions: reject), .open),
        (rule("b", actions: "{addHeader: {name: A, value: b}}") + stopBySubject, .taken),
    ]

    /// A mail in plaintext from `bob@far.example`.
    @Test(arguments: single + inOrder)
    func saysWhatIsKnownAtRCPT(_ rules: String, _ outlook: Outlook) throws {
        let evaluator = try Self.evaluator(rules.isEmpty ? "  []" : rules)
        let found: Outlook =
            switch evaluator.rejectionOutlook(try Self.facts("a@a.example")) {
            case .taken: .taken
            case .refused: .refused
            case .open: .open
            }
        #expect(found == outlook)
    }

    /// What would end differently for two recipients is never held to be alike.
    @Test(arguments: [
        ("a@a.example", "b@a.example", true), ("a@a.example", "a@b.example", false),
        ("a@c.example", "b@c.example", false), ("a@c.example", "a@c.example", true),
        ("a@d.example", "b@d.example", true),
        // What a condition asks of the recipient is known: its answer counts, not who it is.
        ("team-1@e.example", "team-2@e.example", true),
        ("team-1@e.example", "boss@e.example", false),
        ("team-1@e.example", "team-0@e.example", false),
        // What it took of it counts where it is said.
        ("1-x@f.example", "1-y@f.example", true), ("1-x@f.example", "2-x@f.example", false),
        ("1-x@g.example", "2-x@g.example", true),
        ("1@h.example", "1+x@h.example", false), ("1@h.example", "1@h.example", true),
    ])
    func isAlikeWhereTheSameRulesDecide(_ one: String, _ other: String, isAlike: Bool) throws {
        let evaluator = try Self.evaluator(
            Self.rule("a", "recipients: [a.example]", "when: [{subject: x}]", actions: Self.reject)
                + Self.rule(
                    "b", "recipients: [b.example]", "when: [{subject: y}]", actions: Self.reject)
                + Self.rule(
                    "c", "recipients: [c.example]",
                    "when: [{recipient: a@c.example}, {subject: z}]",
                    actions: Self.reject)
                + Self.rule(
                    "e", "recipients: [e.example]",
                    "when: [{any: [{recipient: {like: 'team-*'}}, {body: x}]}, {subject: z}]",
                    "unless: [{recipient: team-0@e.example}]", actions: Self.reject)
                + Self.rule(
                    "f", "recipients: [f.example]",
                    "when: [{recipient: {matches: '^(?P<no>.)'}}, {subject: z}]",
                    actions: "{reject: {text: 'No ${no}'}}")
                + Self.rule(
                    "g", "recipients: [g.example]",
                    "when: [{recipient: {matches: '^(?P<no>.)'}}, {subject: z}]",
                    actions: Self.reject)
                + Self.rule(
                    "h", "recipients: [{matches: '^(?P<no>.*)@h[.]example$'}]",
                    "when: [{subject: z}]", actions: "{reject: {text: 'No ${no}'}}"))
        let outlooks = try [one, other].map { evaluator.rejectionOutlook(try Self.facts($0)) }
        #expect((outlooks[0] == outlooks[1]) == isAlike)
    }

    @Test func asksForWhatItsRulesWant() throws {
        let evaluator = try Self.evaluator(
            Self.rule("a", "recipients: [a.example]", "when: [{dmarc: FAIL}]", actions: Self.reject)
                + Self.rule("b", "recipients: [b.example]", "when: [{spam: FAIL}]", actions: "stop")
                + Self.rule("c", "when: [{subject: x}]", actions: Self.reject)
                + Self.rule("d", "when: [{body: x}]", actions: "stop"))
        for (recipient, needs) in [
            ("a@a.example", MailFacts.Needs([.origin, .header])),
            ("b@b.example", [.screening, .header]), ("c@c.example", .header),
        ] {
            guard case .open(let open) = evaluator.rejectionOutlook(try Self.facts(recipient))
            else {
                Issue.record("nothing is open for \(recipient)")
                continue
            }
            #expect(open.needs == needs)
        }
    }

    /// A reply has printable ASCII alone, whatever a sender writes.
    @Test(arguments: [
        ("Hi", "No Hi, go"), ("Grüße 🙂", "No Gr??e ?, go"), ("", "No , go"),
        (
            String(repeating: "é", count: 500),
            String("No \(String(repeating: "?", count: 500))".prefix(400))
        ),
    ])
    func saysItInASCII(_ subject: String, _ text: String) throws {
        let evaluator = try Self.evaluator(
            Self.rule("a", actions: "{reject: {text: 'No ${subject}, go'}}"))
        let facts = try Self.facts("a@a.example", subject: subject)
        guard case .refused(let rejection) = evaluator.rejectionDecision(facts) else {
            Issue.record("it is not refused")
            return
        }
        #expect(rejection.text == text)
    }

    // MARK: The end

    @Test(arguments: [
        (bySubject, "x", "x"), (bySubject, "y", nil), (bySubject, nil, nil),
        (rule("a", "when: [{subject: x}]", "whenUnknown: take", actions: reject), nil, "a"),
        (stopBySubject + rule("b", actions: reject), "x", nil),
        (stopBySubject + rule("b", actions: reject), "y", "b"),
        (stopBySubject + rule("b", actions: reject), nil, "b"),
        (bySubject + rule("b", actions: reject), "x", "x"),
    ])
    func refusesByTheFirstRuleThatDoes(
        _ rules: String, _ subject: String?, _ rule: String?
    ) throws {
        let evaluator = try Self.evaluator(rules)
        let facts = try Self.facts("a@a.example", subject: subject)
        switch evaluator.rejectionDecision(facts) {
        case .taken: #expect(rule == nil)
        case .refused(let rejection): #expect(rejection.rule == rule)
        case .asked: Issue.record("nobody is to be asked")
        }
    }

    private static let ask = "{reject: {handler: h, onFailure: defer, text: Spam}}"

    /// Of each rule in turn, as far as nobody refused before.
    @Test func asksHandlersInTheOrderOfTheRules() throws {
        let evaluator = try Self.evaluator(
            Self.rule("a", "when: [{tls: false}]", actions: Self.ask)
                + Self.rule("b", "when: [{tls: true}]", actions: Self.ask)
                + Self.bySubject + Self.rule("c", actions: Self.ask))
        let facts = try Self.facts("a@a.example", subject: "x")
        guard case .open = evaluator.rejectionOutlook(facts),
            case .asked(let rule, let question, let rejection) = evaluator.rejectionDecision(facts)
        else {
            Issue.record("nobody is asked")
            return
        }
        #expect(rule == 0 && rejection.rule == "a" && rejection.text == "Spam")
        #expect(
            question
                == SessionQuestion(handler: "h", timeoutSeconds: 10, onFailure: .defer))
        guard case .refused(let other) = evaluator.rejectionDecision(facts, besides: [0]) else {
            Issue.record("it is not refused")
            return
        }
        #expect(other.rule == "x")
        #expect(evaluator.rejectionDecision(facts, besides: [0, 2, 3]) == .taken)
        let traces = evaluator.trace(dryRun: try Self.facts("a@a.example", subject: "y"))
        #expect(
            traces.map { $0.actions[0].standing } == [
                "would ask", "not reached", "not reached", "would ask",
            ])
        #expect(evaluator.trace(dryRun: facts)[2].actions[0].standing == "would refuse")
    }

    @Test func makesNobodyKnownAndTakesNothing() throws {
        let evaluator = try Self.evaluator(Self.bySubject)
        let recipient = try #require(Mailbox("a@a.example"))
        #expect(evaluator.admits(recipient, isTLS: false) == .unknown)
        let facts = try Self.facts("a@a.example", subject: "x")
        #expect(evaluator.evaluate(facts) { _ in nil }.isTaken == false)
        #expect(evaluator.trace(facts) { _ in nil }[0].actions[0].standing == "too late")
    }

    /// Whoever releases it later finds it as it was kept.
    @Test func explainsWhatIsKeptApart() throws {
        let evaluator = try Self.evaluator(
            Self.rule("a", actions: "quarantine") + Self.rule("b", actions: Self.reject))
        let traces = evaluator.trace(dryRun: try Self.facts("a@a.example", subject: "x"))
        #expect(traces.map { $0.actions[0].standing } == ["would run", "too late"])
    }

    /// Who is never refused is not, whatever a rule says of everybody.
    @Test func explainsWhoIsNeverRefused() throws {
        let evaluator = try Self.evaluator(
            Self.rule("a", actions: Self.reject) + Self.rule("b", actions: Self.ask)
                + Self.rule("c", actions: ""))
        let duty = try #require(Mailbox("postmaster@a.example"))
        let facts = try Self.facts("postmaster@a.example", subject: "x")
        let traces = evaluator.trace(dryRun: facts) { $0 == duty }
        #expect(traces.map(\.answer) == [.duty, .duty, .took])
        #expect(traces[0].why == "never refuses mail for postmaster@a.example")
        let both = evaluator.trace(
            dryRun: try Self.facts("postmaster@a.example", "a@a.example", subject: "x")
        ) { $0 == duty }
        #expect(both.map(\.answer) == [.took, .duty, .took])
        #expect(both[0].matchedRecipients == ["a@a.example"])
        #expect(both[2].matchedRecipients == ["postmaster@a.example"])
        #expect(evaluator.trace(dryRun: facts)[0].actions[0].standing == "would refuse")
    }

    /// As if each recipient had a mail of their own.
    @Test func explainsWhoIsRefused() throws {
        let evaluator = try Self.evaluator(
            Self.rule("kept", "recipients: [a@a.example]", actions: "stop")
                + Self.rule("first", "recipients: [b@a.example]", actions: "")
                + Self.rule("stops", "when: [{subject: y}]", actions: "stop")
                + Self.bySubject + Self.rule("all", actions: ""))
        let traces = evaluator.trace(
            dryRun: try Self.facts("a@a.example", "b@a.example", subject: "x"))
        #expect(traces.map(\.answer) == [.took, .refused, .stopped, .took, .stopped])
        #expect(traces[3].matchedRecipients == ["b@a.example"])
        #expect(traces[3].actions.map(\.standing) == ["would refuse"])
        let alone = evaluator.trace(dryRun: try Self.facts("b@a.example", subject: "x"))
        #expect(alone.map(\.answer) == [.noRecipient, .refused, .conditions, .took, .refused])
        // Why it was not kept.
        #expect(alone[2].conditions.map(\.answer) == [.yes, .no])
    }
}
