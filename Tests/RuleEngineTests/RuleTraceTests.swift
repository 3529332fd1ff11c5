import MailModel
import RuleEngine
import Testing

/// What people are told of the way of a mail through its rules.
@Suite struct RuleTraceTests: EvaluatingRules {
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
}
