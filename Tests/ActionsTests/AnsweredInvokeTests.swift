import Actions
import RuleEngine
import TestSupport
import Testing

/// Answers that ask for actions.
@Suite struct AnsweredInvokeTests {
    private func perform(
        _ answer: String, _ type: ReceiptAction.InvocationType = .requestResponse,
        isCut: Bool = false, on mail: TestMail = TestMail()
    ) async -> ActionResult {
        let fixture = ActionFixture()
        fixture.invoker.answer(.answered(output: Array(answer.utf8), isCut: isCut))
        return await fixture.perform(
            .invoke(handler: "ticket", type: type, topic: "received", onFailure: .hold), on: mail)
    }

    @Test func whatIsAskedForIsKeptWithTheOutcome() async {
        let result = await perform(
            #"""
            {"disposition": "STOP_RULE", "actions": [
                {"tag": {"name": "a", "value": "b"}}, {"notify": {"topic": "silent"}}]}
            """#)
        #expect(result.ending == .done(.stopRule))
        #expect(
            result.asks == [
                .tag(name: "a", value: "b"), .notify(topic: "silent", encoding: .utf8),
            ])
        #expect(result.detail == "ticket: STOP_RULE, asks for tag, notify")
        // Of the rule's own topic: two listen to it.
        #expect(result.deliveries.count == 2)
    }

    @Test func anEmptyListAsksForNothing() async {
        let result = await perform(#"{"actions": []}"#)
        #expect(result.ending == .done(.continueOn))
        #expect(result.asks.isEmpty)
        #expect(result.detail == "ticket: CONTINUE")
    }

    /// It is not tried again by itself, and nobody is told that it succeeded.
    @Test func nothingOfAWrongAnswerIsDone() async {
        let result = await perform(
            #"""
            {"disposition": "STOP_RULE_SET", "actions": [
                {"tag": {"name": "a", "value": "b"}}, {"notify": {"topic": "silence"}}, "drop"]}
            """#)
        #expect(result.ending == .refused)
        #expect(result.asks.isEmpty)
        #expect(result.deliveries.isEmpty)
        #expect(
            result.detail == "nothing of the answer is done: ticket: actions[1].notify.topic: "
                + "the configuration has no topic “silence”; did you mean “silent”?; "
                + "ticket: actions[2]: “drop” is no action: an action is one of reply, forward, "
                + "bounce, notify, tag, addHeader, removeHeader, stop")
    }

    /// A handler may quote anything.
    @Test func whatIsSaidOfAWrongAnswerHasItsLimit() async {
        let long = String(repeating: "x\\u001b[0m", count: 1_000)
        let result = await perform(#"{"actions": [{"notify": {"topic": "\#(long)"}}]}"#)
        #expect(result.detail.count == "nothing of the answer is done: ".count + 1_000)
        #expect(!result.detail.unicodeScalars.contains("\u{1B}"))
    }

    @Test func whatSendsIsAskedForOnlyWhereSomethingIsSent() async {
        let result = await perform(#"{"actions": [{"reply": {"text": "a"}}]}"#)
        #expect(
            result.detail == "nothing of the answer is done: ticket: actions[0].reply: nothing is "
                + "sent from here: the configuration has no “sending”")
    }

    static let ignored = [
        (#"{"actions": null, "disposition": "CONTINUE"}"#, false, "CONTINUE"),
        (
            #"{"action": ["stop"], "disposition": "CONTINUE"}"#, false,
            "CONTINUE; “action” is ignored; did you mean “actions”?"
        ),
        (
            #"{"Actions": ["stop"]}"#, false,
            "CONTINUE (the answer names no disposition); “Actions” is ignored; did you mean “actions”?"
        ),
        (#"[{"actions": ["stop"]}]"#, false, "CONTINUE (the answer names no disposition)"),
        (#"{"actions": ["stop"]}"#, true, "CONTINUE (the answer is too long)"),
        (
            "{\n  \"actions\": [{'stop'}]\n}", false,
            "CONTINUE (the answer is no JSON: line 2, column 16: found “'stop'}]”)"
        ),
    ]

    @Test(arguments: ignored)
    func whatIsNoAnswerAsksForNothing(_ answer: String, isCut: Bool, _ detail: String) async {
        let result = await perform(answer, isCut: isCut)
        #expect(result.ending == .done(.continueOn))
        #expect(result.asks.isEmpty)
        #expect(result.detail == "ticket: \(detail)")
    }

    @Test func anEventAsksForNothing() async {
        let result = await perform(#"{"actions": ["stop", "drop"]}"#, .event)
        #expect(result.ending == .done(.continueOn))
        #expect(result.asks.isEmpty)
        #expect(result.detail == "ticket: accepted the event")
    }
}
