import Actions
import Foundation
import MailFlow
import MailModel
import RuleEngine
import SQLStorage
import Storage
import Synchronization
import TestSupport
import Testing
import Topics

/// The runner over rules that are asked for each recipient.
@Suite(.timeLimit(.minutes(1))) struct MailEvaluationTests {
    private static let people = ["ada@ours.example", "bob@ours.example", "eve@ours.example"]

    private func rule(
        _ name: String, _ recipients: [String] = [], _ actions: [ReceiptAction]
    ) -> ReceiptRule {
        ReceiptRule(
            name: name, isEnabled: true, tlsPolicy: .optional,
            recipients: recipients.compactMap { try? RecipientCondition(parsing: $0) },
            actions: actions, isScanEnabled: false)
    }

    private func store(_ prefix: String) -> ReceiptAction {
        .store(bucket: "mail", prefix: prefix, topic: nil, onFailure: .hold)
    }

    private let ask = ReceiptAction.invoke(
        handler: "h", type: .requestResponse, topic: nil, onFailure: .hold)

    /// Whose handler fails is tried again, and nobody else.
    @Test func oneIsTriedAgainAlone() async throws {
        let acting = try await Acting(
            [
                rule(
                    "a", [],
                    [store("${recipientLocalPart}"), ask, store("done/${recipientLocalPart}")])
            ],
            isPerRecipient: true)
        let goesOn = ScriptedInvoker.says("CONTINUE")
        acting.invoker.answer("h", goesOn, .failed(detail: "for now"), goesOn)
        try await acting.run { acting in
            let mail = try await acting.receive(to: Self.people)
            // Three objects, three answers, and what two of them lead to.
            await acting.ended.tries(8)
            try await acting.pass(seconds: 60, until: mail, is: .retired)
            let calls = acting.invoker.calls.withLock { $0 }
            #expect(
                calls.map(\.stableID)
                    == ["0", "1", "2", "1"].map { "\(mail)/a/1@\($0)" })
            #expect(calls.map(\.attempt) == [1, 1, 1, 2])
            let recipients = calls.map { call in
                call.environment.first { $0.name == "MARTLET_RECIPIENTS" }?.value
            }
            #expect(recipients == [0, 1, 2, 1].map { Self.people[$0] })
            #expect(
                acting.storedFiles
                    == ["ada", "bob", "done/ada", "done/bob", "done/eve", "eve"]
                    .map { "\($0)/\(mail)" })
            let journal = try await acting.journal(mail).sorted()
            #expect(
                journal
                    == ["ada", "bob", "eve"].flatMap { who in
                        (0...2).map { "\(who) a/\($0):done" }
                    })
        }
    }

    @Test func oneThatIsGivenUpIsOneDeadLetter() async throws {
        let acting = try await Acting(
            [rule("a", [], [ask, store("${recipientLocalPart}")])], isPerRecipient: true)
        let goesOn = ScriptedInvoker.says("CONTINUE")
        acting.invoker.answer("h", goesOn, .failed(detail: "for good"), goesOn)
        try await acting.run(RetrySchedule(giveUpAfterSeconds: 0)) { acting in
            let mail = try await acting.receive(to: Self.people)
            await acting.ended.retirement(of: mail)
            let dead = try await acting.receiving.store.actions(of: mail)
                .filter { $0.state == .dead }
            #expect(dead.map(\.key.recipient) == [Mailbox("bob@ours.example")])
            _ = try await acting.receiving.store.retry(
                mail, now: acting.receiving.time.now())
            try await acting.pass(seconds: 5, until: mail, is: .retired)
            #expect(acting.invoker.calls.withLock { $0.count } == 4)
            #expect(try await acting.journal(mail).allSatisfy { $0.hasSuffix(":done") })
        }
    }

    /// The others get theirs first; then the mail is kept apart for whom it is to be.
    @Test func aQuarantineKeepsNobodyElseWaiting() async throws {
        let acting = try await Acting(
            [
                rule(
                    "strict", ["ada@ours.example", "eve@ours.example"],
                    [.quarantine(reason: "spam")]),
                rule("a", [], [store("${recipientLocalPart}"), ask]),
            ], isPerRecipient: true)
        acting.invoker.answer(
            "h", .failed(detail: "for now"), ScriptedInvoker.says("CONTINUE"))
        let mail = try await acting.receive(to: Self.people)
        try await acting.run { acting in
            await acting.ended.tries(2)
            #expect(
                try await acting.receiving.store.mail(mail)?.state == .acting)
            try await acting.pass(seconds: 60, until: mail, is: .held)
            #expect(acting.storedFiles == ["bob/\(mail)"])
            #expect(
                try await acting.journal(mail).sorted() == [
                    "ada strict/0:done", "bob a/0:done", "bob a/1:done", "eve strict/0:done",
                ])
            _ = try await acting.receiving.store.move(mail, from: [.held], to: .acting)
            try await acting.pass(seconds: 0, until: mail, is: .retired)
            #expect(acting.storedFiles == ["ada", "bob", "eve"].map { "\($0)/\(mail)" })
        }
    }

    /// As if it had come for each alone: it is marked where it was for somebody whom no rule takes.
    @Test(arguments: [(["ada@ours.example"], false), (people, true)])
    func isMarkedWhereNoRuleTookItForSomebody(
        _ recipients: [String], _ isUntaken: Bool
    ) async throws {
        let acting = try await Acting(
            [rule("a", ["ada@ours.example"], [store("a")])], isPerRecipient: true)
        try await acting.run { acting in
            let mail = try await acting.receive(to: recipients)
            await acting.ended.retirement(of: mail)
            #expect(try await acting.receiving.store.mail(mail)?.isUntaken == isUntaken)
        }
    }

    /// What many recipients come to is done in rounds, each with a commit of its own, and all of it.
    @Test func manyAreDoneInRounds() async throws {
        let recipients = (0..<300).map { "p\($0)@ours.example" }
        let acting = try await Acting(
            [
                rule(
                    "a", [],
                    (0..<4).map { .tag(name: "n\($0)", value: "${recipientLocalPart}") }
                        + [store("${recipientLocalPart}")])
            ], isPerRecipient: true)
        try await acting.run { acting in
            let mail = try await acting.receive(to: recipients)
            await acting.ended.retirement(of: mail)
            let actions = try await acting.receiving.store.actions(of: mail)
            #expect(actions.count == 1_500)
            #expect(actions.allSatisfy { $0.state == .done && $0.attempts == 1 })
            #expect(Set(actions.compactMap(\.key.recipient)).count == 300)
            #expect(acting.storedFiles.count == 300)
        }
    }

    /// What waits for handlers, of however many, keeps nobody's plain actions waiting.
    @Test func manySlowActionsKeepNoQuickOnesWaiting() async throws {
        let recipients = (0..<510).map { "p\($0)@ours.example" }
        let slow = ReceiptAction.invoke(
            handler: "h", type: .event, topic: nil, onFailure: .hold)
        let acting = try await Acting(
            [rule("a", [], [slow, store("${recipientLocalPart}")])], isPerRecipient: true)
        acting.invoker.answer("h", ScriptedInvoker.says("CONTINUE"))
        let stored = Mutex<[Int]>([])
        acting.invoker.whenCalled.withLock {
            $0 = { [unowned acting] _ in stored.withLock { $0.append(acting.storedFiles.count) } }
        }
        try await acting.run { acting in
            let mail = try await acting.receive(to: recipients)
            await acting.ended.tries(511)
            #expect(stored.withLock { $0.first } == 510)
            #expect(try await acting.receiving.store.mail(mail)?.state == .acting)
        }
    }

    /// More recipients than are asked for come in another mail.
    @Test(arguments: [(999, true, true), (1_000, true, false), (1_000, false, true)])
    func takesSoManyAtOnce(_ others: Int, _ isPerRecipient: Bool, _ isTaken: Bool) async throws {
        let receiving = try await Receiving(
            rules: ReceiptRuleSet(
                name: "test", rules: [Receiving.rule], isPerRecipient: isPerRecipient))
        let ada = try #require(Mailbox("ada@ours.example"))
        let answer = receiving.admit(
            .mailbox(ada), after: (0..<others).map { "p\($0)@ours.example" })
        #expect(answer == (isTaken ? .admitted(ada) : .refused(.tooManyRecipients)))
        let stranger = try #require(Mailbox("ada@far.example"))
        #expect(
            receiving.admit(
                .mailbox(stranger), after: (0..<others).map { "p\($0)@ours.example" })
                == .refused(.recipientUnknown))
    }
}
