import MailModel
import RuleEngine
import Testing

@Suite struct RuleEvaluatorTests {
    private static func mailbox(_ text: String) -> Mailbox {
        Mailbox(text) ?? Mailbox(validatedLocalPart: "?", domain: Domain(validatedASCII: "?"))
    }

    private static func rule(
        _ name: String, _ recipients: [String] = [], _ actions: [ReceiptAction] = [],
        isEnabled: Bool = true, tls: ReceiptRule.TLSPolicy = .optional, scans: Bool = false
    ) -> ReceiptRule {
        ReceiptRule(
            name: name, isEnabled: isEnabled, tlsPolicy: tls,
            recipients: recipients.compactMap { try? RecipientCondition(parsing: $0) },
            actions: actions, isScanEnabled: scans)
    }

    private static func evaluator(_ rules: [ReceiptRule]) -> RuleEvaluator {
        RuleEvaluator(ruleSet: ReceiptRuleSet(name: "test", rules: rules))
    }

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

    // MARK: Order, stops and what holds what

    private static let store = ReceiptAction.store(
        bucket: "b", prefix: nil, topic: nil, onFailure: .hold)
    private static let storeGoingOn = ReceiptAction.store(
        bucket: "b", prefix: nil, topic: nil, onFailure: .goOn)
    private static let ask = ReceiptAction.invoke(
        handler: "h", type: .requestResponse, topic: nil, onFailure: .hold)
    private static let askGoingOn = ReceiptAction.invoke(
        handler: "h", type: .requestResponse, topic: nil, onFailure: .goOn)
    private static let tell = ReceiptAction.invoke(
        handler: "h", type: .event, topic: nil, onFailure: .hold)
    private static let notify = ReceiptAction.notify(topic: "t", encoding: .utf8)
    private static let stop = ReceiptAction.stop(topic: nil)
    private static let stopTold = ReceiptAction.stop(topic: "t")

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

    /// A dry run claims nothing that has not happened, and ends where a real one would.
    @Test func tellsWhatWouldHappen() {
        let evaluator = Self.evaluator([
            Self.rule(
                "a", ["a@e.test"],
                [.addHeader(name: "X-A", value: "1"), Self.store, Self.ask, Self.notify]),
            Self.rule("other", ["b@e.test"], [Self.notify]),
            Self.rule("told", [], [Self.stopTold, Self.notify]),
            Self.rule("late", [], [Self.notify]),
        ])
        let facts = MailFacts(recipients: [Self.mailbox("a@e.test")], isTLS: false)
        let traces = evaluator.trace(dryRun: facts)
        #expect(traces.map(\.answer) == [.took, .noRecipient, .took, .stopped])
        #expect(
            traces.map { $0.actions.map(\.standing) } == [
                ["would be added", "would run", "would run", "would run"], ["not reached"],
                ["would stop", "not reached"], ["not reached"],
            ])
        let plain = Self.evaluator([Self.rule("a", [], [Self.stop])])
        #expect(plain.trace(dryRun: facts).first?.actions.map(\.standing) == ["would stop"])
    }

    /// A mail's own trace says what became of each action.
    @Test func tellsWhatHappened() {
        let evaluator = Self.evaluator([
            Self.rule("a", [], [.addHeader(name: "X-A", value: "1"), Self.store, Self.ask]),
            Self.rule("told", [], [Self.stopTold]),
        ])
        let facts = MailFacts(recipients: [Self.mailbox("a@e.test")], isTLS: false)
        let standings = [
            ActionKey(rule: "a", position: 1): ActionStanding.ended(.continueOn),
            ActionKey(rule: "a", position: 2): .ended(.stopRule),
            ActionKey(rule: "told", position: 0): .ended(.continueOn),
        ]
        #expect(
            evaluator.trace(facts) { standings[$0] }.map { $0.actions.map(\.standing) }
                == [["applied", "ended", "ended STOP_RULE"], ["ended"]])
    }

    // MARK: What handlers ask for

    private static let asking: [ReceiptAction] = [
        .addHeader(name: "X-A", value: "${subject}"), .tag(name: "a", value: "b"), notify,
    ]

    /// It comes behind the answer and before the rest of the rule, which sees what it did; how the
    /// rules go on counts afterwards.
    @Test(arguments: [
        (Disposition.continueOn, ["a/0+2", "a/0+3", "a/1", "b/0"]),
        (.stopRule, ["a/0+2", "a/0+3", "b/0"]), (.stopRuleSet, ["a/0+2", "a/0+3"]),
    ])
    func doesWhatWasAskedFor(_ disposition: Disposition, _ next: [String]) {
        let evaluator = Self.evaluator([
            Self.rule("a", [], [Self.ask, Self.notify]), Self.rule("b", [], [Self.notify]),
        ])
        let facts = MailFacts(recipients: [Self.mailbox("a@e.test")], isTLS: false)
        let evaluation = evaluator.evaluate(facts) { key in
            key == ActionKey(rule: "a", position: 0)
                ? .ended(disposition, asks: Self.asking) : nil
        }
        #expect(evaluation.next.map { "\($0.key.rule)/\($0.key.place)" } == next)
        // What stands there is not filled in.
        #expect(evaluation.next.allSatisfy { $0.addedHeaders == ["X-A: ${subject}"] })
        #expect(evaluation.next.allSatisfy { $0.tags == [MailTag(name: "a", value: "b")] })
        #expect(!evaluation.isFinished)
    }

    /// What was asked for holds nothing back, however often it is tried again.
    @Test(arguments: [
        (ActionStanding.retrying, false), (.givenUp, true), (.ended(.continueOn), true),
    ])
    func waitsForNothingThatWasAskedFor(_ standing: ActionStanding, isFinished: Bool) {
        let evaluator = Self.evaluator([Self.rule("a", [], [Self.ask, Self.store])])
        let facts = MailFacts(recipients: [Self.mailbox("a@e.test")], isTLS: false)
        let evaluation = evaluator.evaluate(facts) { key in
            key.asked != nil
                ? standing : .ended(.continueOn, asks: key.position == 0 ? [Self.notify] : [])
        }
        #expect(evaluation.next.isEmpty)
        #expect(evaluation.isFinished == isFinished)
        let waiting = evaluator.evaluate(facts) { key in
            key == ActionKey(rule: "a", position: 0)
                ? .ended(.continueOn, asks: [Self.notify]) : key.asked == 1 ? standing : nil
        }
        #expect(waiting.next.map(\.key) == [ActionKey(rule: "a", position: 1)])
    }

    /// A stop ends the rest of the answer, too. An `Event` has no answer.
    @Test func stopsWhereItIsAskedFor() {
        let evaluator = Self.evaluator([
            Self.rule("told", [], [Self.tell]), Self.rule("a", [], [Self.ask, Self.notify]),
            Self.rule("b", [], [Self.notify]),
        ])
        let facts = MailFacts(recipients: [Self.mailbox("a@e.test")], isTLS: false)
        let standing: (ActionKey) -> ActionStanding? = { key in
            key.asked == nil
                ? .ended(.continueOn, asks: [Self.notify, .stop(topic: nil), Self.notify]) : nil
        }
        #expect(
            evaluator.evaluate(facts, standing: standing).next.map(\.key)
                == [ActionKey(rule: "a", position: 0, asked: 1)])
        let traces = evaluator.trace(facts, standing: standing)
        #expect(traces.map(\.answer) == [.took, .took, .stopped])
        #expect(traces[0].actions.map(\.standing) == ["ended"])
        #expect(
            traces[1].actions.map { "\($0.position) \($0.asked ?? 0) \($0.standing)" } == [
                "0 0 ended CONTINUE", "0 1 next", "0 2 stopped", "0 3 not reached",
                "1 0 not reached",
            ])
        let told = evaluator.evaluate(facts) { key in
            key.asked == nil
                ? .ended(.continueOn, asks: [.stop(topic: "told"), Self.notify]) : nil
        }
        #expect(told.next.map(\.key) == [ActionKey(rule: "a", position: 0, asked: 1)])
    }

    @Test func tellsWhatWouldBeAskedFor() {
        let evaluator = Self.evaluator([Self.rule("a", [], [Self.ask, Self.stop])])
        let facts = MailFacts(recipients: [Self.mailbox("a@e.test")], isTLS: false)
        guard case .invoke(let handler, _, _, _) = Self.ask else { return }
        var answers = HandlerAnswers()
        answers.note(HandlerAnswer(.stopRule, actions: Self.asking), of: handler, for: nil)
        let traces = evaluator.trace(dryRun: facts, answers: answers)
        #expect(
            traces[0].actions.map { "\($0.text) \($0.standing)" } == [
                "invoke \(handler) would end STOP_RULE", "addHeader X-A: ${subject} would be added",
                "tag a=b would run", "\(Self.notify.text) would run", "stop not reached",
            ])
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
