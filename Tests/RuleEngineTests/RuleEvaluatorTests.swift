import MailModel
import RuleEngine
import Testing

/// In which order actions come, where rules stop, and what holds what back.
@Suite struct RuleEvaluatorTests: EvaluatingRules {
    /// `standings` are of `rule/position`: `+` ended, `.` stopRule, `!` stopRuleSet, `~` retrying.
    /// `next` is what may start, as `rule/position`.
    struct Case: CustomTestStringConvertible {
        var name: String
        var rules: [(String, [ReceiptAction])]
        var standings: [String: Character] = [:]
        var next: [String]
        var isFinished = false
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "all of it may start at once but what waits for a store",
            rules: [("a", [store, notify]), ("b", [notify])], next: ["a/0", "b/0"]),
        Case(
            name: "a done store lets its rule go on",
            rules: [("a", [store, notify])], standings: ["a/0": "+"], next: ["a/1"]),
        Case(
            name: "a failed store holds its own rule and no other",
            rules: [("a", [store, notify]), ("b", [notify])], standings: ["a/0": "~"],
            next: ["b/0"]),
        Case(
            name: "goOn lifts that once it has failed",
            rules: [("a", [storeGoingOn, notify])], standings: ["a/0": "~"], next: ["a/1"]),
        Case(
            name: "but not before it was tried",
            rules: [("a", [storeGoingOn, notify])], next: ["a/0"]),
        Case(
            name: "a failed notify holds nothing",
            rules: [("a", [notify, store])], standings: ["a/0": "~"], next: ["a/1"]),
        Case(
            name: "an event holds nothing",
            rules: [("a", [tell, notify])], next: ["a/0", "a/1"]),
        Case(
            name: "an asked handler holds later rules too",
            rules: [("a", [ask, notify]), ("b", [notify])], next: ["a/0"]),
        Case(
            name: "also while it is being retried",
            rules: [("a", [ask]), ("b", [notify])], standings: ["a/0": "~"], next: []),
        Case(
            name: "goOn lifts that",
            rules: [("a", [askGoingOn, notify]), ("b", [notify])], standings: ["a/0": "~"],
            next: ["a/1", "b/0"]),
        Case(
            name: "CONTINUE goes on",
            rules: [("a", [ask, notify]), ("b", [notify])], standings: ["a/0": "+"],
            next: ["a/1", "b/0"]),
        Case(
            name: "STOP_RULE leaves the rule",
            rules: [("a", [ask, notify]), ("b", [notify])], standings: ["a/0": "."],
            next: ["b/0"]),
        Case(
            name: "STOP_RULE_SET ends all",
            rules: [("a", [ask, notify]), ("b", [notify])], standings: ["a/0": "!"], next: [],
            isFinished: true),
        Case(
            name: "an event's answer steers nothing",
            rules: [("a", [tell]), ("b", [notify])], standings: ["a/0": "!"], next: ["b/0"]),
        Case(
            name: "stop ends all", rules: [("a", [notify, stop, notify]), ("b", [notify])],
            next: ["a/0"]),
        Case(
            name: "a stop that tells is done, and stops at once",
            rules: [("a", [stopTold]), ("b", [notify])], next: ["a/0"]),
        Case(
            name: "and stays a stop while it is being retried",
            rules: [("a", [stopTold]), ("b", [notify])], standings: ["a/0": "~"], next: []),
        Case(
            name: "a stop behind a held store holds later rules",
            rules: [("a", [store, stop]), ("b", [notify])], next: ["a/0"]),
        Case(
            name: "so does an asked handler behind one",
            rules: [("a", [store, ask]), ("b", [notify])], standings: ["a/0": "~"], next: []),
        Case(
            name: "finished when all has ended",
            rules: [("a", [store, notify]), ("b", [notify])],
            standings: ["a/0": "+", "a/1": "+", "b/0": "+"], next: [], isFinished: true),
        Case(
            name: "not finished while one is being retried",
            rules: [("a", [notify])], standings: ["a/0": "~"], next: []),
        Case(
            name: "a quarantine that is to come holds all behind it",
            rules: [("a", [notify, .quarantine(reason: nil), notify]), ("b", [notify])],
            next: ["a/0", "a/1"]),
        Case(
            name: "behind a released one the rules go on",
            rules: [("a", [.quarantine(reason: nil), notify]), ("b", [notify])],
            standings: ["a/0": "+"], next: ["a/1", "b/0"]),
        Case(
            name: "drop ends all", rules: [("a", [notify, .drop, notify]), ("b", [notify])],
            next: ["a/0"]),
        Case(
            name: "a drop behind a held store holds later rules",
            rules: [("a", [store, .drop]), ("b", [notify])], next: ["a/0"]),
        Case(name: "a rule without actions", rules: [("a", [])], next: [], isFinished: true),
    ]

    @Test(arguments: cases)
    func holdsWhatItShould(_ testCase: Case) {
        let evaluator = Self.evaluator(testCase.rules.map { Self.rule($0.0, [], $0.1) })
        let facts = MailFacts(recipients: [Self.mailbox("a@e.test")], isTLS: false)
        let evaluation = evaluator.evaluate(facts) { key in
            switch testCase.standings["\(key.rule)/\(key.position)"] {
            case "+": .ended(.continueOn)
            case ".": .ended(.stopRule)
            case "!": .ended(.stopRuleSet)
            case "~": .retrying
            default: nil
            }
        }
        #expect(evaluation.next.map { "\($0.key.rule)/\($0.key.position)" } == testCase.next)
        #expect(evaluation.isFinished == testCase.isFinished)
    }

    /// Whatever answers come, in whatever order, the evaluation comes to its end and offers no
    /// action twice.
    @Test func comesToItsEnd() {
        var generator = SystemRandomNumberGenerator()
        let actions = [
            Self.store, Self.storeGoingOn, Self.ask, Self.askGoingOn, Self.tell, Self.notify,
            Self.stop, Self.stopTold, .addHeader(name: "X", value: "y"),
            .quarantine(reason: "why"), .drop,
        ]
        let facts = MailFacts(recipients: [Self.mailbox("a@e.test")], isTLS: false)
        for _ in 0..<2000 {
            let rules = (0..<Int.random(in: 0...4, using: &generator)).map { index in
                Self.rule(
                    "r\(index)", [],
                    (0..<Int.random(in: 0...4, using: &generator)).compactMap { _ in
                        actions.randomElement(using: &generator)
                    })
            }
            let evaluator = Self.evaluator(rules)
            var standings: [ActionKey: ActionStanding] = [:]
            var rounds = 0
            while true {
                let evaluation = evaluator.evaluate(facts) { standings[$0] }
                if evaluation.isFinished { break }
                rounds += 1
                guard rounds < 200 else {
                    Issue.record("no end: \(rules)")
                    break
                }
                let open = standings.filter { $0.value == .retrying }.map(\.key)
                #expect(!evaluation.next.isEmpty || !open.isEmpty, "\(rules)")
                for planned in evaluation.next {
                    #expect(standings[planned.key] == nil)
                    standings[planned.key] = .retrying
                }
                for key in open where Bool.random(using: &generator) {
                    let dispositions: [Disposition] = [.continueOn, .stopRule, .stopRuleSet]
                    standings[key] = .ended(
                        dispositions.randomElement(using: &generator) ?? .continueOn,
                        asks: [Self.notify, Self.stopTold, Self.stop].filter { _ in
                            Int.random(in: 0..<8, using: &generator) == 0
                        })
                }
            }
        }
    }

    @Test func givesEachRuleItsRecipientsAndHeaders() {
        let evaluator = Self.evaluator([
            Self.rule("a", ["a@e.test"], [.addHeader(name: "X-A", value: "1"), Self.notify]),
            Self.rule("b", [], [Self.notify]),
            Self.rule("tls", [], [Self.notify], tls: .require),
            Self.rule("off", [], [Self.notify], isEnabled: false),
        ])
        let recipients = [Self.mailbox("a@e.test"), Self.mailbox("b@e.test")]
        let facts = MailFacts(recipients: recipients, isTLS: false)
        let next = evaluator.evaluate(facts) { _ in nil }.next
        #expect(next.map(\.key.rule) == ["a", "b"])
        #expect(next.map(\.recipients) == [[recipients[0]], recipients])
        // SES: a later rule sees what an earlier one added.
        #expect(next.map(\.addedHeaders) == [["X-A: 1"], ["X-A: 1"]])
        let traces = evaluator.trace(facts) { _ in nil }
        #expect(traces.map(\.answer) == [.took, .took, .plaintext, .disabled])
    }

    @Test func whatIsRemovedIsGoneForLaterActions() {
        let evaluator = Self.evaluator([
            Self.rule(
                "a", [],
                [
                    .addHeader(name: "X-A", value: "1"), .addHeader(name: "X-Aa", value: "1"),
                    Self.notify, .removeHeader(name: "x-A"), .addHeader(name: "X-A", value: "2"),
                    .removeHeader(name: "X-a"), .addHeader(name: "X-A", value: "3"), Self.notify,
                ]),
            Self.rule("b", [], [.removeHeader(name: "Subject"), Self.notify]),
        ])
        let facts = MailFacts(recipients: [Self.mailbox("a@e.test")], isTLS: false)
        let next = evaluator.evaluate(facts) { _ in nil }.next
        #expect(
            next.map(\.addedHeaders) == [
                ["X-A: 1", "X-Aa: 1"], ["X-Aa: 1", "X-A: 3"], ["X-Aa: 1", "X-A: 3"],
            ])
        #expect(next.map(\.removedHeaders) == [[], ["x-a"], ["x-a", "subject"]])
    }

    /// A tag is an action of its own, and known to all that come behind it.
    @Test func whatTagsAMailIsSeenByLaterActions() {
        func tag(_ value: Int) -> ReceiptAction { .tag(name: "n", value: "\(value)") }
        let evaluator = Self.evaluator([
            Self.rule("a", [], [Self.notify, tag(1), tag(1), Self.notify, tag(2)]),
            Self.rule("b", [], (0..<MailTag.tagsMax).map { tag($0) } + [Self.notify]),
        ])
        let facts = MailFacts(recipients: [Self.mailbox("a@e.test")], isTLS: false)
        let next = evaluator.evaluate(facts) { _ in nil }.next
        let all = Array(1...2) + [0] + Array(3..<MailTag.tagsMax)
        func tags(_ count: Int) -> [MailTag] {
            all.prefix(count).map { MailTag(name: "n", value: "\($0)") }
        }
        #expect(next.prefix(5).map(\.tags) == [tags(0), tags(1), tags(1), tags(1), tags(2)])
        #expect(next.last?.tags == tags(MailTag.tagsMax))
        let more = Self.evaluator([
            Self.rule("a", [], (0...MailTag.tagsMax).map { tag($0) } + [Self.notify])
        ])
        #expect(more.evaluate(facts) { _ in nil }.next.last?.tags.count == MailTag.tagsMax)
    }

    @Test func aTagIsFilledIn() {
        let evaluator = Self.evaluator([
            Self.rule("a", [], [.tag(name: "to", value: "x-${recipientLocalPart}-${subject}")])
        ])
        let facts = MailFacts(recipients: [Self.mailbox("a/b@e.test")], isTLS: false)
        let next = evaluator.evaluate(facts) { _ in nil }.next
        #expect(next.first?.tags == [MailTag(name: "to", value: "x-a_b-_")])
    }

    @Test func isFinishedWhereNoRuleTookTheMail() {
        let evaluator = Self.evaluator([Self.rule("a", ["a@e.test"], [Self.notify])])
        let facts = MailFacts(recipients: [Self.mailbox("postmaster@e.test")], isTLS: false)
        let evaluation = evaluator.evaluate(facts) { _ in nil }
        #expect(evaluation.isFinished && evaluation.next.isEmpty)
    }

    @Test func versionNamesTheContent() {
        let one = Self.evaluator([Self.rule("a", ["a@e.test"], [Self.store])])
        let same = Self.evaluator([Self.rule("a", ["A@E.test"], [Self.store])])
        let other = Self.evaluator([Self.rule("a", ["a@e.test"], [Self.notify])])
        #expect(one.version == same.version && one.version != other.version)
        #expect(one.version.utf8.count == 16)
        #expect(ReceiptRuleSet(canonicalJSON: one.ruleSet.canonicalJSON) == one.ruleSet)
    }
}
