import Actions
import Foundation
import NIOCore
import RuleEngine
import TestSupport
import Testing

@Suite struct InvokeActionTests {
    private static func action(
        _ type: ReceiptAction.InvocationType = .requestResponse, topic: String? = nil
    ) -> ReceiptAction {
        .invoke(handler: "ticket", type: type, topic: topic, onFailure: .hold)
    }

    // MARK: Answers

    struct Answer: CustomTestStringConvertible, Sendable {
        let output: [UInt8]
        let disposition: Disposition
        let detail: String
        var testDescription: String { String(decoding: output, as: UTF8.self) }

        init(_ output: String, _ disposition: Disposition, _ detail: String) {
            self.init(Array(output.utf8), disposition, detail)
        }

        init(_ output: [UInt8], _ disposition: Disposition, _ detail: String) {
            self.output = output
            self.disposition = disposition
            self.detail = detail
        }
    }

    private static let unnamed = "CONTINUE (the answer names no disposition)"
    private static func noJSON(_ fault: String) -> String {
        "CONTINUE (the answer is no JSON: \(fault))"
    }

    private static let unknown = "CONTINUE (the answer's disposition is none of SES's)"

    static let answers = [
        Answer("", .continueOn, "CONTINUE (no answer)"),
        Answer(#"{"disposition": "CONTINUE"}"#, .continueOn, "CONTINUE"),
        Answer(#"{"disposition": "STOP_RULE"}"#, .stopRule, "STOP_RULE"),
        Answer(#"{"disposition": "STOP_RULE_SET"}"#, .stopRuleSet, "STOP_RULE_SET"),
        Answer(#"{"disposition": "stop_rule_set"}"#, .stopRuleSet, "STOP_RULE_SET"),
        Answer("  {\"disposition\":\"Stop_Rule\", \"more\": [1]}\n", .stopRule, "STOP_RULE"),
        Answer(#"{"disposition": "STOP"}"#, .continueOn, unknown),
        Answer(#"{"disposition": "STOP_RULE "}"#, .continueOn, unknown),
        Answer(#"{"disposition": ""}"#, .continueOn, unknown),
        Answer(#"{"disposition": null}"#, .continueOn, unnamed),
        Answer(#"{"disposition": 1}"#, .continueOn, unnamed),
        Answer(#"{"disposition": ["STOP_RULE"]}"#, .continueOn, unnamed),
        Answer(#"{"Disposition": "STOP_RULE"}"#, .continueOn, unnamed),
        Answer("{}", .continueOn, unnamed), Answer("null", .continueOn, unnamed),
        Answer(" \n", .continueOn, "CONTINUE (no answer)"),
        Answer(#""STOP_RULE""#, .continueOn, unnamed),
        Answer(#"[{"disposition": "STOP_RULE"}]"#, .continueOn, unnamed),
        Answer(
            "log line\n{\"disposition\": \"STOP_RULE\"}", .continueOn,
            noJSON("line 1, column 1: found “log line”")),
        Answer(
            "{\"disposition\": \"STOP_RULE\"", .continueOn, noJSON("it ends too early")),
        Answer(
            [0xFF, 0x1B, 0xFE], .continueOn,
            noJSON("line 1, column 1: found “\u{FFFD}\\u{1b}\u{FFFD}”")),
        Answer(
            [UInt8](repeating: UInt8(ascii: "["), count: 100_000), .continueOn,
            noJSON("line 1, column 514: nested too deep")),
    ]

    @Test(arguments: answers)
    func goesByTheAnswer(_ answer: Answer) async {
        let fixture = ActionFixture()
        fixture.invoker.answer(.answered(output: answer.output))
        let result = await fixture.perform(Self.action())
        #expect(result.ending == .done(answer.disposition))
        #expect(result.detail == "ticket: \(answer.detail)")
    }

    @Test func anAnswerThatIsTooLongGoesOn() async {
        let fixture = ActionFixture()
        let output = Array(#"{"disposition": "STOP_RULE_SET"}"#.utf8)
        fixture.invoker.answer(.answered(output: output, isCut: true))
        let result = await fixture.perform(Self.action())
        #expect(result.ending == .done(.continueOn))
        #expect(result.detail == "ticket: CONTINUE (the answer is too long)")
    }

    @Test func anEventsAnswerIsIgnored() async {
        let fixture = ActionFixture()
        fixture.invoker.answer(.answered(output: Array(#"{"disposition": "STOP_RULE_SET"}"#.utf8)))
        let result = await fixture.perform(Self.action(.event))
        #expect(result.ending == .done(.continueOn))
        #expect(result.detail == "ticket: accepted the event")
    }

    // MARK: Failures

    static let failures: [(FunctionOutcome, String)] = [
        (.failed(detail: "exit status 1"), "ticket: exit status 1"),
        (.noSuchHandler, "no such handler: ticket"),
    ]

    @Test(arguments: failures, [ReceiptAction.InvocationType.requestResponse, .event])
    func aFailureIsTriedAgainAndToldToNobody(
        _ failure: (FunctionOutcome, String), type: ReceiptAction.InvocationType
    ) async {
        let fixture = ActionFixture()
        fixture.invoker.answer(failure.0)
        let result = await fixture.perform(Self.action(type, topic: "received"))
        #expect(result.ending == .failed)
        #expect(result.detail == failure.1)
        #expect(result.deliveries.isEmpty)
    }

    @Test func aMailThatCannotBeReadIsAFailure() async {
        var mail = TestMail()
        mail.isInFile = true
        let fixture = ActionFixture()
        let result = await fixture.perform(Self.action(), on: mail)
        #expect(result.ending == .failed)
        #expect(fixture.invoker.invocations.isEmpty)
    }

    // MARK: What the handler is given

    @Test func theEssentialsStandInItsEnvironment() async throws {
        var mail = TestMail()
        mail.from = "bounce+1@sender.example"
        mail.to = ["a@demo.example", "b@demo.example", "c@demo.example"]
        mail.matched = ["a@demo.example", "c@demo.example"]
        mail.tls = "TLSv1.3 TLS_AES_256_GCM_SHA384"
        var task = mail.task(Self.action(), position: 2)
        task.attempt = 3
        let fixture = ActionFixture()
        _ = await fixture.perform(task)
        let invocation = try #require(fixture.invoker.invocations.first)
        #expect(
            invocation.environment.map { "\($0.name)=\($0.value)" } == [
                "MARTLET_MAIL_ID=\(TestMail.id)", "MARTLET_ACTION_ID=\(TestMail.id)/rule/2",
                "MARTLET_ATTEMPT=3", "MARTLET_RULE=rule",
                "MARTLET_MAIL_FROM=bounce+1@sender.example",
                "MARTLET_RECIPIENTS=a@demo.example c@demo.example",
                "MARTLET_RECIPIENTS_OMITTED=0",
                "MARTLET_PEER_ADDRESS=192.0.2.7", "MARTLET_TLS=TLSv1.3 TLS_AES_256_GCM_SHA384",
            ])
        #expect(invocation.stableID == "\(TestMail.id)/rule/2")
        #expect(invocation.attempt == 3)
        #expect(invocation.handler == "ticket")
    }

    /// 32 KiB of them, each whole.
    @Test(arguments: [(1_024, 0), (1_025, 1), (100_000, 98_976)])
    func recipientsWithoutRoomAreCounted(_ count: Int, omitted: Int) async throws {
        var mail = TestMail()
        // 31 characters each, and a space.
        mail.to = (0..<count).map { index in
            let digits = String(index)
            return String(repeating: "a", count: 18 - digits.count) + digits + "@demo.example"
        }
        let fixture = ActionFixture()
        _ = await fixture.perform(Self.action(), on: mail)
        let invocation = try #require(fixture.invoker.invocations.first)
        let values = Dictionary(
            uniqueKeysWithValues: invocation.environment.map { ($0.name, $0.value) })
        let listed = try #require(values["MARTLET_RECIPIENTS"]).split(separator: " ")
        #expect(listed.map(String.init) == Array(mail.to.prefix(count - omitted)))
        #expect(values["MARTLET_RECIPIENTS_OMITTED"] == "\(omitted)")
    }

    @Test func aBounceHasNoSenderAndPlaintextNoTLS() async throws {
        var mail = TestMail()
        mail.from = ""
        let fixture = ActionFixture()
        _ = await fixture.perform(Self.action(), on: mail)
        let invocation = try #require(fixture.invoker.invocations.first)
        let values = Dictionary(
            uniqueKeysWithValues: invocation.environment.map { ($0.name, $0.value) })
        #expect(values["MARTLET_MAIL_FROM"] == "")
        #expect(values["MARTLET_TLS"] == "")
    }

    /// What a handler reads equals the object that a `store` at its place would write.
    @Test(arguments: [[], ["X-A: 1", "X-B: 2"]])
    func itReadsWhatAStoreWrites(_ added: [String]) async throws {
        var mail = TestMail("Subject: a\r\n\r\nbody")
        mail.addedHeaders = added
        let fixture = ActionFixture()
        _ = await fixture.perform(Self.action(), on: mail)
        _ = await fixture.perform(
            .store(bucket: "mail", prefix: nil, topic: nil, onFailure: .hold), on: mail)
        let invocation = try #require(fixture.invoker.invocations.first)
        var input: [UInt8] = []
        for piece in invocation.input {
            guard case .bytes(let bytes) = piece else { continue }
            input += Array(bytes.readableBytesView)
        }
        let object = try #require(fixture.objects.calls.first?.first)
        #expect(input == ScriptedObjects.bytes(object))
        let lines = added.map { $0 + "\r\n" }.joined()
        #expect(input == Array((lines + "Subject: a\r\n\r\nbody").utf8))
    }

    @Test func aLargeMailComesFromItsFile() async throws {
        var mail = TestMail("Subject: a\r\n\r\nbody")
        mail.isInFile = true
        mail.addedHeaders = ["X-A: 1"]
        let fixture = ActionFixture()
        fixture.bodies.hold(mail.content)
        _ = await fixture.perform(Self.action(), on: mail)
        let invocation = try #require(fixture.invoker.invocations.first)
        try #require(invocation.input.count == 2)
        guard case .bytes(let head) = invocation.input[0],
            case .file(let path, 0, let length) = invocation.input[1]
        else {
            Issue.record("the added lines come first, then the file")
            return
        }
        #expect(String(buffer: head) == "X-A: 1\r\n")
        #expect(path == "/bodies/\(TestMail.id)")
        #expect(length == mail.content.count)
    }
}
