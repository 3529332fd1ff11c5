import MailFlow
import MailModel
import SQLStorage
import Storage
import TestSupport
import Testing

/// What a session refuses mails for, and what it waits for.
@Suite(.timeLimit(.minutes(1))) struct SessionJudgeTests {
    /// Knows at once where mails come from; a session that asked for more would wait for ever.
    private struct Judge: MailJudge {
        let verdicts: VerdictRecord?

        func origin(of mail: MailRecord, _ content: MailContent) async -> VerdictRecord? {
            verdicts
        }

        func judge(
            _ mail: MailRecord, _ content: MailContent, isScanned: Bool
        ) async -> Judgement {
            Issue.record("the session waits for everybody")
            return .later(VerdictRecord(), because: "")
        }
    }

    private static func verdicts(
        _ status: VerdictRecord.Status, policy: String?, result: String = ""
    ) -> VerdictRecord {
        var verdicts = VerdictRecord()
        verdicts.dmarc = VerdictRecord.Finding(status, result: result)
        verdicts.dmarcPolicy = policy
        verdicts.extent = .origin
        return verdicts
    }

    @Test(arguments: [10, 40_000])
    func refusesWhatItsAuthorsDomainRejects(_ bytes: Int) async throws {
        let receiving = try await Receiving(
            judge: Judge(verdicts: Self.verdicts(.fail, policy: "reject")))
        let text = "A: b\r\n\r\n" + String(repeating: "x", count: bytes)
        #expect(try await receiving.receive(text) == .refused(.dmarcFailed))
        #expect(try receiving.bodies.all() == [])
        #expect(receiving.queue.take(1).isEmpty)
    }

    @Test(arguments: [
        (verdicts(.fail, policy: nil, result: "permerror"), Refusal.authorUnclear),
        (verdicts(.processingFailed, policy: "reject", result: "temperror"), .dmarcUndecided),
    ])
    func takesNothingThatGetsRoundThat(
        _ verdicts: VerdictRecord, _ refusal: Refusal
    ) async throws {
        let receiving = try await Receiving(judge: Judge(verdicts: verdicts))
        #expect(try await receiving.receive("A: b\r\n\r\n") == .refused(refusal))
    }

    /// With what the session knows, the rest is found out later.
    @Test(arguments: [
        verdicts(.fail, policy: "quarantine"), verdicts(.fail, policy: "none"),
        verdicts(.processingFailed, policy: nil), verdicts(.processingFailed, policy: "quarantine"),
        verdicts(.pass, policy: nil), nil,
    ])
    func takesEverythingElse(_ verdicts: VerdictRecord?) async throws {
        let receiving = try await Receiving(judge: Judge(verdicts: verdicts))
        guard case .accepted(let id) = try await receiving.receive("A: b\r\n\r\n") else {
            Issue.record("refused")
            return
        }
        #expect(try await receiving.store.mail(id)?.verdicts == verdicts)
    }
}
