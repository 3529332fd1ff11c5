import MailModel
import RuleEngine
import TestSupport
import Testing

/// Rules that are asked once for each recipient of a mail.
@Suite struct PerRecipientTests {
    private static let ask = "invoke: {handler: desk}"

    /// `rules` in YAML behind the head of a set.
    private static func evaluator(
        _ rules: String, evaluate: String = "per-recipient"
    ) throws -> RuleEvaluator {
        RuleEvaluator(
            ruleSet: try RuleDocument.read(
                "ruleSet: test\nevaluate: \(evaluate)\nrules:\n\(rules)", file: "test.yaml",
                catalogue: .unchecked))
    }

    private static func facts(_ recipients: [String]) -> MailFacts {
        var facts = MailFacts(recipients: recipients.compactMap { Mailbox($0) }, isTLS: false)
        facts.header = .known(HeaderBlock(Array("Subject: Order 7\r\n".utf8)[...]))
        return facts
    }

    struct Case: CustomTestStringConvertible {
        var name: String
        var rules: String
        var to = ["ada@e.test", "bob@e.test"]
        /// Of handlers, by whom they were asked for.
        var answers: [String: Disposition] = [:]
        /// What is done for whom, where everything succeeds: `ada: store mail/ada`.
        var expected: [String]
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "an object for each",
            rules: """
                  - name: keep
                    actions:
                      - addHeader: {name: X-For, value: "${recipient}"}
                      - store: {bucket: mail, prefix: "${recipientLocalPart}"}
                """,
            expected: [
                "ada: store mail/ada [X-For: ada@e.test]",
                "bob: store mail/bob [X-For: bob@e.test]",
            ]),
        Case(
            name: "captures are of the one that is asked",
            rules: """
                  - name: tickets
                    recipients: [{matches: '^t(?P<number>[0-9]+)@'}]
                    actions: [store: {bucket: mail, prefix: "${number}"}]
                """,
            to: ["t1@e.test", "t22@e.test", "ada@e.test"],
            expected: ["t1: store mail/1", "t22: store mail/22"]),
        Case(
            name: "conditions on the recipient are of the one that is asked",
            rules: """
                  - name: ada
                    when: [recipient: {startsWith: ada}]
                    actions: [notify: {topic: ada}]
                  - name: others
                    unless: [recipient: {startsWith: ada}]
                    actions: [notify: {topic: others}]
                """,
            expected: ["ada: notify ada", "bob: notify others"]),
        Case(
            name: "a stop stops for one alone",
            rules: """
                  - name: ada
                    recipients: [ada@e.test]
                    actions: [addHeader: {name: X-Ada, value: "1"}, stop]
                  - name: all
                    actions: [notify: {topic: all}]
                """,
            expected: ["bob: notify all"]),
        Case(
            name: "a drop, too",
            rules: """
                  - name: bob
                    recipients: [bob@e.test]
                    actions: [drop]
                  - name: all
                    actions: [notify: {topic: all}]
                """,
            expected: ["ada: notify all"]),
        Case(
            name: "a handler's answer is for whom it was asked",
            rules: """
                  - name: ask
                    actions: [invoke: {handler: desk}, notify: {topic: asked}]
                  - name: all
                    actions: [notify: {topic: all}]
                """,
            answers: ["ada@e.test": .stopRuleSet, "bob@e.test": .stopRule],
            expected: ["ada: invoke desk", "bob: invoke desk", "bob: notify all"]),
        Case(
            name: "tags and header lines are of the one that is asked",
            rules: """
                  - name: ada
                    recipients: [ada@e.test]
                    actions:
                      - addHeader: {name: X-Ada, value: "1"}
                      - removeHeader: {name: Subject}
                      - tag: {name: who, value: ada}
                  - name: all
                    actions: [notify: {topic: all}]
                """,
            expected: [
                "ada: tag who=ada [X-Ada: 1, -subject] who=ada",
                "ada: notify all [X-Ada: 1, -subject] who=ada", "bob: notify all",
            ]),
        Case(
            name: "who is named twice is asked for once",
            rules: """
                  - name: all
                    actions: [notify: {topic: all}]
                """,
            to: ["Ada@e.test", "bob@e.test", "ada@E.test", "bob@e.test"],
            expected: ["Ada: notify all", "bob: notify all"]),
        Case(
            name: "nobody is asked for where there is nobody",
            rules: """
                  - name: all
                    actions: [notify: {topic: all}]
                """,
            to: [], expected: []),
    ]

    @Test(arguments: cases)
    func doesItForEach(_ testCase: Case) throws {
        let evaluator = try Self.evaluator(testCase.rules)
        let facts = Self.facts(testCase.to)
        var done: [String] = []
        var standings: [ActionKey: ActionStanding] = [:]
        for recipient in evaluator.walks(of: facts) {
            while true {
                let evaluation = evaluator.evaluate(facts, for: recipient) { standings[$0] }
                if evaluation.isFinished { break }
                try #require(!evaluation.next.isEmpty)
                for planned in evaluation.next {
                    #expect(planned.key.recipient == recipient)
                    #expect(planned.recipients.map(Optional.some) == [recipient])
                    done.append(Self.text(planned))
                    let answer = recipient.flatMap { testCase.answers[$0.wireText] }
                    standings[planned.key] = .ended(answer ?? .continueOn)
                }
            }
        }
        #expect(done == testCase.expected)
    }

    private static func text(_ planned: PlannedAction) -> String {
        let who = planned.key.recipient?.localPart ?? "?"
        let headers = planned.addedHeaders + planned.removedHeaders.map { "-\($0)" }
        let tags = planned.tags.map { " \($0.text)" }.joined()
        return "\(who): \(planned.action.text)"
            + (headers.isEmpty ? "" : " [\(headers.joined(separator: ", "))]") + tags
    }

    /// Nothing of one recipient's walk touches another's: each is as in a mail that came for them
    /// alone.
    @Test(arguments: cases)
    func isAsIfItHadComeForNobodyElse(_ testCase: Case) throws {
        let evaluator = try Self.evaluator(testCase.rules)
        let together = Self.facts(testCase.to)
        for recipient in evaluator.walks(of: together) {
            let alone = Self.facts(recipient.map { [$0.wireText] } ?? [])
            let one = evaluator.evaluate(together, for: recipient) { _ in nil }
            let other = evaluator.evaluate(alone, for: recipient) { _ in nil }
            #expect(one == other)
        }
    }

    @Test func tracesEachRecipient() throws {
        let evaluator = try Self.evaluator(
            """
              - name: never
                recipients: [eve@e.test]
                actions: [reject: {}]
              - name: ada
                recipients: [ada@e.test]
                actions: [invoke: {handler: desk}, notify: {topic: ada}]
              - name: all
                actions: [notify: {topic: all}]
            """)
        let facts = Self.facts(["ada@e.test", "bob@e.test", "eve@e.test"])
        var answers = HandlerAnswers()
        answers.note(HandlerAnswer(.stopRuleSet), of: "desk", for: Mailbox("ada@e.test"))
        let traces = evaluator.trace(dryRun: facts, answers: answers)
        #expect(traces.count == 9)
        #expect(
            traces.map { "\($0.recipient ?? "-") \($0.rule): \($0.answer)" } == [
                "ada@e.test never: noRecipient", "ada@e.test ada: took", "ada@e.test all: stopped",
                "bob@e.test never: noRecipient", "bob@e.test ada: noRecipient",
                "bob@e.test all: took",
                "eve@e.test never: took", "eve@e.test ada: noRecipient", "eve@e.test all: refused",
            ])
        #expect(traces[1].reachedActions == ["invoke desk"])
        #expect(traces[6].actions.map(\.standing) == ["would refuse"])
        #expect(traces[5].conditions.map(\.value) == ["bob@e.test"])
    }

    /// One that is asked of another set's mail, and one that was asked of others.
    @Test func handlersAnswersAreFoundForWhomTheyWere() throws {
        let each = try Self.evaluator("  - {name: a, actions: [\(Self.ask), stop]}")
        let ada = ActionKey(rule: "a", position: 0, recipient: Mailbox("ada@e.test"))
        let bob = ActionKey(rule: "a", position: 0, recipient: Mailbox("bob@e.test"))
        var answers = HandlerAnswers()
        #expect(each.standing(of: ada, answers) == .ended(.continueOn))
        answers.note(HandlerAnswer(.stopRule), of: "desk", for: nil)
        #expect(each.standing(of: ada, answers) == .ended(.stopRule))
        answers.note(HandlerAnswer(.stopRuleSet), of: "desk", for: ada.recipient)
        #expect(each.standing(of: ada, answers) == .ended(.stopRuleSet))
        #expect(each.standing(of: bob, answers) == .ended(.stopRule))
        var others = HandlerAnswers()
        others.note(HandlerAnswer(.stopRule), of: "desk", for: ada.recipient)
        #expect(
            each.standing(of: ActionKey(rule: "a", position: 0), others) == .ended(.stopRule))
    }

    /// What a handler asked for where it was asked for one of them is done for that one.
    @Test func handlersAskForEach() throws {
        let each = try Self.evaluator("  - {name: a, actions: [\(Self.ask), notify: {topic: all}]}")
        let facts = Self.facts(["ada@e.test", "bob@e.test"])
        let (ada, bob) = (Mailbox("ada@e.test"), Mailbox("bob@e.test"))
        let standing: (ActionKey) -> ActionStanding? = { key in
            guard key.position == 0, key.asked == nil else { return nil }
            return .ended(
                .continueOn,
                asks: key.recipient == ada ? [.tag(name: "a", value: "b"), .stop(topic: nil)] : [])
        }
        let next = [ada, bob].map { each.evaluate(facts, for: $0, standing: standing).next }
        #expect(
            next[0].map(\.key) == [ActionKey(rule: "a", position: 0, asked: 1, recipient: ada)])
        #expect(next[1].map(\.key) == [ActionKey(rule: "a", position: 1, recipient: bob)])
        #expect(next.map { $0.map(\.tags.count) } == [[1], [0]])
    }

    // MARK: The set

    @Test func isPartOfTheSet() throws {
        let rules = "  - {name: a, actions: [stop]}"
        let each = try Self.evaluator(rules)
        let once = try Self.evaluator(rules, evaluate: "per-mail")
        let silent = RuleEvaluator(
            ruleSet: try RuleDocument.read(
                "ruleSet: test\nrules:\n\(rules)", file: "x", catalogue: .unchecked))
        #expect(each.ruleSet.isPerRecipient && !once.ruleSet.isPerRecipient)
        #expect(each.version != once.version && once.version == silent.version)
        #expect(!once.ruleSet.canonicalJSON.contains("isPerRecipient"))
        for evaluator in [each, once] {
            let ruleSet = evaluator.ruleSet
            #expect(ReceiptRuleSet(canonicalJSON: ruleSet.canonicalJSON) == ruleSet)
            let text = RuleDocument.text(of: ruleSet)
            #expect(try RuleDocument.read(text, file: "x", catalogue: .unchecked) == ruleSet)
        }
        #expect(SESRuleDocument.excess(of: once.ruleSet) == [])
        #expect(
            SESRuleDocument.excess(of: each.ruleSet) == ["the set is evaluated per recipient"])
    }
}
