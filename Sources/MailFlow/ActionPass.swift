import Actions
import MailModel
import RuleEngine
import Storage
import Topics

/// One mail in the runner's hands: what its rules want next, and what came of it so far.
///
/// A value without effects; the runner does what it says.
struct ActionPass {
    private(set) var mail: WaitingMail
    /// What the mail was found to be, until the journal has it.
    private var freshVerdicts: VerdictRecord?
    /// What this pass adds to the journal.
    private(set) var fresh: [ActionRecord] = []
    private(set) var deliveries: [TopicDelivery] = []

    private let evaluator: RuleEvaluator
    private let facts: MailFacts
    let content: MailContent
    private let startedAt: Timestamp
    /// Actions tried in this pass: none is tried twice in one.
    private var tried: Set<ActionKey> = []
    /// A person has to release the mail before anything more is done with it.
    private var isQuarantined = false
    /// What the rules say as things stand.
    private var evaluation = Evaluation(next: [], isTaken: false, isFinished: false)

    init(
        _ mail: WaitingMail, _ opened: ClaimedMails.Opened, _ facts: MailFacts, at time: Timestamp
    ) {
        self.mail = mail
        freshVerdicts = mail.isFreshlyJudged ? mail.record.verdicts : nil
        evaluator = opened.evaluator
        content = opened.content
        startedAt = time
        self.facts = facts
        evaluation = evaluate()
    }

    private func evaluate() -> Evaluation {
        evaluator.evaluate(facts) { key in
            guard let record = mail.actions[key] else { return nil }
            // Due again: as if it had not been tried, so that the rules offer it.
            return record.state == .retrying && isDue(record) ? nil : record.standing
        }
    }

    private func isDue(_ record: ActionRecord) -> Bool {
        (record.nextAttemptAt ?? startedAt) <= startedAt && !tried.contains(record.key)
    }

    /// The actions to run now, in order; empty when the pass is over.
    func next() -> [ActionTask] {
        guard !isQuarantined else { return [] }
        return evaluation.next.filter { !tried.contains($0.key) }.map { planned in
            let last = mail.actions[planned.key]
            var task = ActionTask(
                mail: mail.record, key: planned.key, action: planned.action,
                recipients: planned.recipients, addedHeaders: planned.addedHeaders,
                removedHeaders: planned.removedHeaders, tags: planned.tags,
                isScanEnabled: planned.isScanEnabled, storedObjects: storedObjects,
                content: content, attempt: (last?.attempts ?? 0) + 1)
            task.lastDetail = last?.detail ?? ""
            return task
        }
    }

    /// `bucket/key` of the objects that this mail's `store` actions have written.
    private var storedObjects: [String] {
        mail.actions.values
            .filter { $0.kind == ReceiptAction.storeKind && $0.state == .done }
            .sorted { $0.firstAttemptAt < $1.firstAttemptAt }
            .map(\.detail)
    }

    /// Which try it is now to take in what the mail tells of mails of ours; nil where that is done, as
    /// it is once the mail is run again.
    var feedbackAttempt: Int? {
        guard mail.record.replay == nil else { return nil }
        guard let record = mail.actions[FeedbackFlow.key] else { return 1 }
        return record.state == .retrying && isDue(record) ? record.attempts + 1 : nil
    }

    /// Notes what came of `task`.
    mutating func note(
        _ result: ActionResult, of task: ActionTask, at time: Timestamp, retries: RetrySchedule,
        random: any RandomSource
    ) -> ActionRecord {
        if case .quarantine = task.action { isQuarantined = true }
        return note(
            result, of: task.key, kind: task.action.kind, attempt: task.attempt, at: time,
            retries: retries, random: random)
    }

    /// Notes what came of the `attempt`th try of what stands under `key` in the journal.
    mutating func note(
        _ result: ActionResult, of key: ActionKey, kind: String, attempt: Int, at time: Timestamp,
        retries: RetrySchedule, random: any RandomSource
    ) -> ActionRecord {
        let earlier = mail.actions[key]
        var record = ActionRecord(
            mail: mail.record.id, key: key, kind: kind, state: .done, attempts: attempt,
            firstAttemptAt: earlier?.firstAttemptAt ?? time, lastAttemptAt: time,
            nextAttemptAt: nil, disposition: .continueOn, detail: result.detail)
        switch result.ending {
        case .done(let disposition):
            record.disposition = disposition
            record.asks = result.asks
        case .refused: record.state = .dead
        case .failed:
            record.nextAttemptAt = retries.next(
                afterAttempt: attempt, firstAttemptAt: record.firstAttemptAt, now: time,
                random: random
            ).map { max($0, result.notBefore ?? $0) }
            record.state = record.nextAttemptAt == nil ? .dead : .retrying
        }
        tried.insert(key)
        mail.actions[key] = record
        fresh.append(record)
        deliveries += result.deliveries
        evaluation = evaluate()
        return record
    }

    /// No action is left open: the journal of this pass retires the mail.
    var isFinished: Bool {
        evaluation.isFinished && mail.actions[FeedbackFlow.key]?.state != .retrying
    }

    /// All of its recipients are rules' to take, and none did.
    private var isUntaken: Bool {
        isFinished && !evaluation.isTaken && !mail.record.isUntaken
            && facts.recipients.count == mail.record.envelope.recipients.count
    }

    /// What the journal is to say of this pass.
    func progress() -> MailProgress {
        // What has not been tried is due at once, also when the process ends before it is.
        let isUntriedLeft = evaluation.next.contains { !tried.contains($0.key) }
        let nextTry = mail.actions.values.compactMap { $0.nextAttemptAt }.min()
        return MailProgress(
            mail: mail.record.id, verdicts: freshVerdicts, actions: fresh, deliveries: deliveries,
            isUntaken: isUntaken, newState: isQuarantined ? .held : isFinished ? .retired : nil,
            nextAttemptAt: isFinished
                ? nil : isUntriedLeft ? startedAt : nextTry ?? startedAt)
    }

    /// The mail stays as it is and is looked at again after `seconds`.
    func postponement(bySeconds seconds: Int64) -> MailProgress {
        MailProgress(
            mail: mail.record.id, actions: [], deliveries: [], newState: nil,
            nextAttemptAt: startedAt.advanced(bySeconds: seconds))
    }

    /// The journal took `progress`: what it holds is no longer fresh.
    mutating func settle() {
        freshVerdicts = nil
        mail.isFreshlyJudged = false
        fresh = []
        deliveries = []
    }
}
