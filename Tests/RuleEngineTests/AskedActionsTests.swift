import MailModel
import RuleEngine
import Testing

/// What handlers ask for.
@Suite struct AskedActionsTests: EvaluatingRules {
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
}
