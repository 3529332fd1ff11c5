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

/// Mails are judged before their actions, once.
@Suite(.timeLimit(.minutes(1))) struct ActionJudgingTests: ActingRules {
    @Test func isJudgedOnceBeforeItsActions() async throws {
        let judge = ScriptedJudge()
        let acting = try await Acting(
            [rule("a", [store("a"), invoke("h", .event), store("b")])], judge: judge)
        acting.invoker.answer(
            "h", .failed(detail: "exit status 1"), ScriptedInvoker.says("CONTINUE"))
        try await acting.run { acting in
            let mail = try await acting.receive()
            await acting.ended.tries(3)
            let verdicts = try await acting.receiving.store.mail(mail)?.verdicts
            #expect(verdicts?.spf.reason == "said so")
            let stored = try ProjectFiles.text("\(acting.bucket)/a/\(mail)")
            #expect(stored.contains("\r\nReceived-SPF: pass\r\nX-SES-RECEIPT: "))
            #expect(!stored.contains("Authentication-Results"))
            // What was written down counts at the next try, too.
            try await acting.pass(seconds: 60, until: mail, is: .retired)
            #expect(judge.judged == [mail])
        }
    }

    /// Who waits for the DNS holds up nobody else.
    @Test func aSlowJudgementHoldsUpNoOtherMail() async throws {
        let judge = ScriptedJudge()
        judge.close()
        let acting = try await Acting([rule("a", [store("a")])], judge: judge)
        try await acting.run { acting in
            let slow = try await acting.receive("Subject: slow\r\n\r\nbody\r\n")
            let quick = try await acting.receive()
            await acting.ended.retirement(of: quick)
            #expect(acting.storedFiles == ["a/\(quick)"])
            judge.open()
            await acting.ended.retirement(of: slow)
        }
    }

    /// The process does not wait for a name server; the next start judges anew.
    @Test func theEndWaitsForNoJudgement() async throws {
        let judge = ScriptedJudge()
        let acting = try await Acting([rule("a", [store("a")])], judge: judge)
        judge.hangUntilCancelled()
        try await acting.run { (acting) async throws in
            let mail = try await acting.receive()
            while judge.judged.isEmpty { await Task.yield() }
            #expect(judge.judged == [mail])
        }
        let mail = try #require(judge.judged.first)
        let record = try #require(try await acting.receiving.store.mail(mail))
        #expect(record.state == .acting && record.verdicts == nil)
        #expect(acting.storedFiles.isEmpty)
    }

    /// SES: `ScanEnabled`.
    @Test(arguments: [true, false])
    func isScannedWhereARuleSaysSo(_ scans: Bool) async throws {
        let judge = ScriptedJudge()
        let acting = try await Acting(
            [rule("a", [store("a")]), rule("b", [], scans: scans)], judge: judge)
        try await acting.run { acting in
            await acting.ended.retirement(of: try await acting.receive())
            #expect(judge.scanned == [scans])
        }
    }

    /// As the next start finds a mail whose session waited for its origin alone.
    @Test(arguments: [(true, 0), (false, 1)])
    func judgesWhatASessionLeftOpen(_ isComplete: Bool, _ count: Int) async throws {
        let judge = ScriptedJudge()
        let acting = try await Acting([rule("a", [store("a")])], judge: judge)
        let mail = try await acting.receive()
        _ = acting.receiving.queue.take(1)
        acting.receiving.queue.release([mail])
        var verdicts = VerdictRecord()
        verdicts.extent = isComplete ? .everything : .origin
        try await acting.receiving.store.record([
            MailProgress(
                mail: mail, verdicts: verdicts, actions: [], deliveries: [], newState: nil,
                nextAttemptAt: acting.receiving.time.now())
        ])
        try await acting.run { acting in
            try await acting.pass(seconds: 3, until: mail, is: .retired)
            #expect(judge.judged.count == count)
            #expect(try await acting.receiving.store.mail(mail)?.verdicts?.isComplete == true)
        }
    }

    /// What is known of it stands in its row, why it waits too, and the log says it once.
    @Test func aPostponedMailKeepsWhatIsKnown() async throws {
        let judge = ScriptedJudge()
        judge.wait(for: "clamd: away")
        let acting = try await Acting([rule("a", [store("a")])], judge: judge)
        try await acting.run { acting in
            let mail = try await acting.receive()
            for tries in 1...2 {
                while acting.ended.postponed.count < tries {
                    acting.receiving.time.advance(seconds: tries == 1 ? 0 : 70)
                    acting.pause.tick()
                    await Task.yield()
                }
            }
            let store = acting.receiving.store
            let record = try #require(try await store.mail(mail))
            #expect(record.state == .acting && record.waitsFor == "clamd: away")
            #expect(record.verdicts?.extent == .authentication)
            #expect(record.verdicts?.spf.reason == "said so")
            #expect(try await store.counts().unjudged == 1)
            #expect(acting.ended.postponed.prefix(2).map(\.isNews) == [true, false])
            #expect(acting.storedFiles.isEmpty)
            judge.wait(for: nil)
            try await acting.pass(seconds: 70, until: mail, is: .retired)
            let judged = try #require(try await store.mail(mail))
            #expect(judged.waitsFor == nil && judged.verdicts?.isComplete == true)
            #expect(try await store.counts().unjudged == 0)
        }
    }

    @Test func aWithdrawnMailIsNotJudged() async throws {
        let judge = ScriptedJudge()
        let acting = try await Acting([rule("a", [store("a")])], judge: judge)
        let held = try await acting.receive()
        #expect(try await acting.receiving.store.move(held, from: [.acting], to: .held))
        acting.receiving.queue.withdraw(held)
        let good = try await acting.receive()
        try await acting.run { acting in
            await acting.ended.retirement(of: good)
            #expect(judge.judged == [good])
        }
    }

    @Test func setsADamagedMailAside() async throws {
        let acting = try await Acting([rule("a", [store("a")])])
        let mail = try await acting.receive()
        let waiting = try #require(acting.receiving.queue.take(1).first)
        #expect(try await acting.receiving.store.remove(mail))
        var record = waiting.record
        record.checksum ^= 1
        let damaged = AcceptedMail(record: record, content: waiting.content)
        await withCheckedContinuation { continuation in
            acting.receiving.store.accept(damaged) { _ in continuation.resume() }
        }
        acting.receiving.queue.release([mail])
        acting.receiving.time.advance(seconds: 60)
        let good = try await acting.receive()
        try await acting.run { acting in
            await acting.ended.retirement(of: good)
            try await acting.pass(seconds: 60, until: mail, is: .damaged)
            #expect(acting.storedFiles == ["a/\(good)"])
        }
    }
}
