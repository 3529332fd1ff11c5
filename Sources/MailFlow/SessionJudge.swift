import MailAuthentication
import MailModel
import RuleEngine
import Storage

/// **Decide**: whether a mail is refused before its 250, for what policy or rules say. Only where
/// either asks for it is something found out here, since whoever sends then waits.
package struct SessionJudge: Sendable {
    private let mailJudge: (any MailJudge)?
    private let refusesFailedDMARC: Bool
    private let factsReader: MailFactsReader
    private let handlers: SessionHandlers
    private let executor: (any TaskExecutor)?

    /// `judge`: nil where nothing judges mails. `refusesFailedDMARC`: what fails DMARC is refused where
    /// its domain asks for that. `executor`: whose threads may block, since a mail may be in a file.
    package init(
        _ judge: (any MailJudge)?, refusesFailedDMARC: Bool, facts: MailFactsReader,
        handlers: SessionHandlers, executor: (any TaskExecutor)? = nil
    ) {
        mailJudge = judge
        self.refusesFailedDMARC = refusesFailedDMARC
        factsReader = facts
        self.handlers = handlers
        self.executor = executor
    }

    /// Calls `completion` once, from any thread: with what was found out on the way, nil where nothing
    /// was, or with why the mail is refused.
    func decide(
        _ mail: MailRecord, _ content: MailContent, by question: RejectionQuestion?,
        completion: @escaping @Sendable (Result<VerdictRecord?, Refusal>) -> Void
    ) {
        guard question != nil || refusesFailedDMARC else { return completion(.success(nil)) }
        Task(executorPreference: executor) {
            completion(await decision(mail, content, question))
        }
    }

    private func decision(
        _ mail: MailRecord, _ content: MailContent, _ question: RejectionQuestion?
    ) async -> Result<VerdictRecord?, Refusal> {
        let verdicts = await verdicts(mail, content, question?.needs ?? [])
        if refusesFailedDMARC, let refusal = refusal(verdicts) { return .failure(refusal) }
        guard let question else { return .success(verdicts) }
        var judged = mail
        judged.verdicts = verdicts
        do throws(StorageFailure) {
            var facts = try factsReader.facts(of: judged, content, for: question.needs)
            facts.receivedAt = .known(question.begunAt)
            if let rejection = await rejection(of: judged, content, facts, by: question.evaluator) {
                return .failure(Refusal(rejection))
            }
        } catch {
            return .failure(Refusal(error))
        }
        return .success(verdicts)
    }

    private func rejection(
        of mail: MailRecord, _ content: MailContent, _ facts: MailFacts,
        by evaluator: RuleEvaluator
    ) async -> RuleRejection? {
        var silent: Set<Int> = []
        let deadline = handlers.deadline()
        while true {
            switch evaluator.rejectionDecision(facts, besides: silent) {
            case .taken: return nil
            case .refused(let rejection): return rejection
            case .asked(let rule, let question, let rejection):
                let found = await handlers.rejection(
                    by: evaluator.ruleSet.rules[rule], question, rejection, of: mail, content,
                    until: deadline)
                if let found { return found }
                silent.insert(rule)
            }
        }
    }

    /// As much as is asked for: who sent the mail, or everything, with what scanners say.
    private func verdicts(
        _ mail: MailRecord, _ content: MailContent, _ needs: MailFacts.Needs
    ) async -> VerdictRecord? {
        guard let mailJudge else { return nil }
        if needs.contains(.screening) {
            switch await mailJudge.judge(mail, content, isScanned: true) {
            case .verdicts(let verdicts), .later(let verdicts, _): return verdicts
            }
        }
        guard refusesFailedDMARC || needs.contains(.origin) else { return nil }
        return await mailJudge.origin(of: mail, content)
    }

    /// A mail that fails DMARC is refused where its domain asks for that, and so is one whose From
    /// names no single author, since it would get by where the domain's own name would not. One of
    /// which it cannot be told now is to come again. RFC 9989: a receiver may do so.
    func refusal(_ verdicts: VerdictRecord?) -> Refusal? {
        guard let verdicts else { return nil }
        let isRejected = verdicts.dmarcPolicy == DMARCPolicy.reject.rawValue
        return switch verdicts.dmarc.status {
        case .fail where verdicts.dmarc.result == DMARCResult.permerror.rawValue: .authorUnclear
        case .fail where isRejected: .dmarcFailed
        case .processingFailed where isRejected: .dmarcUndecided
        case .pass, .fail, .gray, .processingFailed, .disabled: nil
        }
    }
}
