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

@Suite(.timeLimit(.minutes(1))) struct ActionRunnerTests: ActingRules {
    @Test func doesEveryActionInOrderAndRetires() async throws {
        let acting = try await Acting([
            rule(
                "first",
                [.addHeader(name: "X-Seen", value: "yes"), store("in"), invoke("a"), store("out/")]),
            rule("second", [store("more")]),
        ])
        acting.invoker.answer("a", ScriptedInvoker.says("CONTINUE"))
        try await acting.run { acting in
            let mail = try await acting.receive()
            await acting.ended.retirement(of: mail)
            #expect(
                try await acting.journal(mail) == [
                    "first/1:done", "first/2:done", "first/3:done", "second/0:done",
                ])
            #expect(acting.storedFiles == ["in/\(mail)", "more/\(mail)", "out/\(mail)"])
            let stored = try ProjectFiles.text("\(acting.bucket)/in/\(mail)")
            #expect(stored.hasPrefix("X-Seen: yes\r\nReturn-Path: <>\r\n"))
            let call = try #require(acting.invoker.calls.withLock { $0.first })
            #expect(call.stableID == "\(mail)/first/2")
            #expect(try await acting.receiving.store.mail(mail)?.state == .retired)
        }
    }

    @Test(arguments: [
        ("STOP_RULE", ["a/0:done", "b/0:done"]), ("STOP_RULE_SET", ["a/0:done"]),
        ("CONTINUE", ["a/0:done", "a/1:done", "b/0:done"]),
    ])
    func goesByTheHandlersAnswer(_ disposition: String, journal: [String]) async throws {
        let acting = try await Acting([
            rule("a", [invoke("h"), store("a")]), rule("b", [store("b")]),
        ])
        acting.invoker.answer("h", ScriptedInvoker.says(disposition))
        try await acting.run { acting in
            let mail = try await acting.receive()
            await acting.ended.retirement(of: mail)
            #expect(try await acting.journal(mail).sorted() == journal)
        }
    }

    /// Each under its own id, before the rules go on; the handler is asked once.
    @Test func doesWhatAHandlerAsksFor() async throws {
        let acting = try await Acting(
            [rule("a", [invoke("h"), store("a")]), rule("b", [store("b")])],
            topics: ["told": [Subscriber(name: "log", endpoint: .file(path: "/told.jsonl"))]])
        acting.invoker.answer(
            "h",
            .answered(
                output: Array(
                    #"""
                    {"disposition": "STOP_RULE", "actions": [
                        {"notify": {"topic": "told"}}, {"addHeader": {"name": "X-A", "value": "b"}},
                        {"tag": {"name": "a", "value": "b"}}]}
                    """#.utf8)))
        try await acting.run { acting in
            let mail = try await acting.receive()
            await acting.ended.retirement(of: mail)
            #expect(
                try await acting.journal(mail).sorted()
                    == ["a/0+1:done", "a/0+3:done", "a/0:done", "b/0:done"])
            let journal = try await acting.receiving.store.actions(of: mail)
            #expect(
                journal.first { $0.key.asked == nil }?.asks.map(\.kind) == [
                    "notify", "addHeader", "tag",
                ])
            #expect(journal.first { $0.key.asked == 3 }?.detail == "a=b")
            let stored = try ProjectFiles.text("\(acting.bucket)/b/\(mail)")
            #expect(stored.hasPrefix("X-A: b\r\nReturn-Path: <>\r\n"))
            let told = try await acting.receiving.store.dueDeliveries(
                at: acting.receiving.time.now(), limit: 9, excluding: [])
            #expect(told.count == 1)
            #expect(acting.invoker.calls.withLock { $0.count } == 1)
        }
    }

    /// What the end of the process left undone is done by the next, without asking again.
    @Test func goesOnWithWhatWasAskedFor() async throws {
        let acting = try await Acting([rule("a", [invoke("h"), store("a")])])
        acting.invoker.answer("h", ScriptedInvoker.says("CONTINUE"))
        let mail = try await acting.receive()
        let time = acting.receiving.time.now()
        try await acting.receiving.store.record([
            MailProgress(
                mail: mail,
                actions: [
                    ActionRecord(
                        mail: mail, key: ActionKey(rule: "a", position: 0), kind: "invoke",
                        state: .done, attempts: 1, firstAttemptAt: time, lastAttemptAt: time,
                        nextAttemptAt: nil, disposition: .stopRule,
                        asks: [
                            .tag(name: "a", value: "b"), .notify(topic: "gone", encoding: .utf8),
                        ],
                        detail: "h: STOP_RULE")
                ], deliveries: [], newState: nil, nextAttemptAt: time)
        ])
        _ = acting.receiving.queue.take(9)
        acting.receiving.queue.release([mail])
        try await acting.run(RetrySchedule(giveUpAfterSeconds: 0)) { acting in
            try await acting.pass(seconds: 60, until: mail, is: .retired)
            #expect(
                try await acting.journal(mail).sorted() == ["a/0+1:done", "a/0+2:dead", "a/0:done"])
            #expect(acting.invoker.calls.withLock { $0.isEmpty })
            #expect(acting.storedFiles.isEmpty)
        }
    }

    /// It is kept, whatever else is tried again meanwhile, until a person lets it go on.
    @Test func keepsAQuarantinedMailApart() async throws {
        let acting = try await Acting([
            rule("failing", [store("failing", onFailure: .goOn)]),
            rule("a", [.quarantine(reason: "spam"), store("a")]),
            rule("b", [store("b")]),
        ])
        acting.objects.isFailing.withLock { $0 = true }
        let mail = try await acting.receive()
        try await acting.run { acting in
            try await acting.pass(seconds: 0, until: mail, is: .held)
            acting.receiving.time.advance(seconds: 3_600)
            let due = try await acting.receiving.store.due(
                at: acting.receiving.time.now(), limit: 9)
            #expect(due.isEmpty)
            #expect(
                try await acting.journal(mail).sorted() == ["a/0:done", "failing/0:retrying"])
            #expect(acting.storedFiles.isEmpty)
            acting.objects.isFailing.withLock { $0 = false }
            _ = try await acting.receiving.store.move(mail, from: [.held], to: .acting)
            try await acting.pass(seconds: 0, until: mail, is: .retired)
            #expect(
                acting.storedFiles == ["a/\(mail)", "b/\(mail)", "failing/\(mail)"])
        }
    }

    /// A `store` that fails holds the later actions of its own rule, and no other rule.
    @Test func holdsWhatComesAfterAFailedStore() async throws {
        let acting = try await Acting([
            rule("a", [store("a"), invoke("h", .event)]), rule("b", [invoke("h")]),
        ])
        acting.invoker.answer("h", ScriptedInvoker.says("CONTINUE"))
        acting.objects.isFailing.withLock { $0 = true }
        try await acting.run { acting in
            let mail = try await acting.receive()
            await acting.ended.tries(2)
            #expect(try await acting.journal(mail).contains("a/0:retrying"))
            #expect(acting.invoker.calls.withLock { $0.map(\.rule) } == ["b"])
            acting.objects.isFailing.withLock { $0 = false }
            try await acting.pass(seconds: 60, until: mail, is: .retired)
            #expect(
                try await acting.journal(mail).sorted() == ["a/0:done", "a/1:done", "b/0:done"])
            #expect(acting.invoker.calls.withLock { $0.map(\.rule) } == ["b", "a"])
        }
    }

    /// An `invoke` whose answer steers holds the later rules too; `onFailure: goOn` lifts that.
    @Test(arguments: [ReceiptAction.FailurePolicy.hold, .goOn])
    func holdsWhatComesAfterAFailedHandler(_ policy: ReceiptAction.FailurePolicy) async throws {
        let acting = try await Acting([
            rule("a", [invoke("h", onFailure: policy), store("a")]), rule("b", [store("b")]),
        ])
        acting.invoker.answer(
            "h", .failed(detail: "exit status 1"), ScriptedInvoker.says("CONTINUE"))
        try await acting.run { acting in
            let mail = try await acting.receive()
            await acting.ended.tries(policy == .hold ? 1 : 3)
            #expect(acting.storedFiles.count == (policy == .hold ? 0 : 2))
            try await acting.pass(seconds: 60, until: mail, is: .retired)
            #expect(
                try await acting.journal(mail).sorted() == ["a/0:done", "a/1:done", "b/0:done"])
            #expect(acting.invoker.calls.withLock { $0.map(\.attempt) } == [1, 2])
            #expect(Set(acting.invoker.calls.withLock { $0.map(\.stableID) }).count == 1)
        }
    }

    /// An `Event` holds nothing: its answer is not read.
    @Test func holdsNothingAfterAFailedEvent() async throws {
        let acting = try await Acting([rule("a", [invoke("h", .event), store("a")])])
        acting.invoker.answer("h", .failed(detail: "exit status 1"))
        try await acting.run { acting in
            _ = try await acting.receive()
            await acting.ended.tries(2)
            #expect(acting.storedFiles.count == 1)
        }
    }

    /// After the retries a dead letter, and what was held goes on.
    @Test func makesADeadLetterAndGoesOn() async throws {
        let acting = try await Acting([rule("a", [invoke("gone"), store("a")])])
        try await acting.run(RetrySchedule(giveUpAfterSeconds: 0)) { acting in
            let mail = try await acting.receive()
            await acting.ended.retirement(of: mail)
            #expect(try await acting.journal(mail).sorted() == ["a/0:dead", "a/1:done"])
            #expect(acting.storedFiles.count == 1)
            // An operator mends the handler and sends the letter again.
            acting.invoker.answer("gone", ScriptedInvoker.says("CONTINUE"))
            #expect(
                try await acting.receiving.store.retry(mail, now: acting.receiving.time.now())
                    == .due)
            try await acting.pass(seconds: 60, until: mail, is: .retired)
            #expect(acting.invoker.calls.withLock { $0.count } == 2)
        }
    }

    /// An operator sends a dead letter again while the runner has the mail, to which it is dead.
    @Test func aDeadLetterThatIsSentAgainMeanwhileIsNotForgotten() async throws {
        let acting = try await Acting([
            rule("a", [invoke("gone", .event)]), rule("b", [invoke("slow", .event)]),
        ])
        acting.invoker.answer("slow", ScriptedInvoker.says("CONTINUE"))
        let store = acting.receiving.store
        let time = acting.receiving.time
        let invoker = acting.invoker
        acting.invoker.whenCalled.withLock {
            $0 = { invocation in
                guard invocation.handler == "slow", let mail = invocation.mail else { return }
                invoker.answer("gone", ScriptedInvoker.says("CONTINUE"))
                #expect((try? await store.retry(mail, now: time.now())) == .due)
            }
        }
        try await acting.run(RetrySchedule(giveUpAfterSeconds: 0)) { acting in
            let mail = try await acting.receive()
            await acting.ended.tries(2)
            try await acting.pass(seconds: 60, until: mail, is: .retired)
            #expect(try await acting.journal(mail).sorted() == ["a/0:done", "b/0:done"])
            #expect(invoker.calls.withLock { $0.map(\.handler) } == ["gone", "slow", "gone"])
        }
    }

    @Test func publishesWithItsOutcome() async throws {
        let acting = try await Acting(
            [rule("a", [store("a"), .notify(topic: "t", encoding: .utf8)])],
            topics: ["t": [Subscriber(name: "log", endpoint: .file(path: "unused"))]])
        try await acting.run { acting in
            let mail = try await acting.receive()
            await acting.ended.retirement(of: mail)
            let due = try await acting.receiving.store.dueDeliveries(
                at: acting.receiving.time.now(), limit: 9, excluding: [])
            #expect(due.count == 1)
            let message = try #require(due.first?.message.message)
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(message.utf8)) as? [String: Any])
            let content = try #require(object["content"] as? String)
            #expect(content.hasSuffix("Subject: x\r\n\r\nbody\r\n"))
        }
    }

    /// What a start finds: mails that were accepted and never acted on.
    @Test func takesUpWhatWasLeft() async throws {
        let acting = try await Acting([rule("a", [store("a")])])
        let mail = try await acting.receive()
        // As if the process had ended before its queue was worked on.
        acting.receiving.queue.release(acting.receiving.queue.take(9).map(\.record.id))
        acting.receiving.time.advance(seconds: 60)
        try await acting.run { acting in
            await acting.ended.retirement(of: mail)
            #expect(acting.storedFiles == ["a/\(mail)"])
        }
    }

    /// What an operator holds or removes while it waits in memory is not acted on.
    @Test func leavesAWithdrawnMailAlone() async throws {
        let acting = try await Acting([rule("a", [store("a")])])
        let held = try await acting.receive()
        let removed = try await acting.receive()
        let good = try await acting.receive()
        #expect(try await acting.receiving.store.move(held, from: [.acting], to: .held))
        #expect(try await acting.receiving.store.remove(removed))
        for mail in [held, removed] { acting.receiving.queue.withdraw(mail) }
        try await acting.run { (acting) async throws in
            await acting.ended.retirement(of: good)
            #expect(acting.storedFiles == ["a/\(good)"])
            let journal = try await acting.journal(held)
            #expect(journal.isEmpty)
        }
    }
}
