import Actions
import MailModel
import RuleEngine
import Storage
import Topics

/// One mail in the runner's hands: what its rules want next, and what came of it so far.
///
/// A value without effects; the runner does what it says.
struct ActionPass {
    /// Outcomes that are kept until the journal has them, before more is begun.
    static let freshMax = 500

    private(set) var mail: WaitingMail
    /// What the mail was found to be, until the journal has it.
    private var freshVerdicts: VerdictRecord?
    /// What this pass adds to the journal.
    private(set) var fresh: [ActionRecord] = []
    private(set) var deliveries: [TopicDelivery] = []

    /// How many recipients rules see.
    private let recipientCount: Int
    let content: MailContent
    private let startedAt: Timestamp
    /// Actions tried in this pass: none is tried twice in one.
    private var tried: Set<ActionKey> = []
    /// A person has to release the mail before anything more is done with it.
    private var isQuarantined = false
    /// What the rules say as things stand.
    private var evaluation: MailEvaluation

    init(
        _ mail: WaitingMail, _ opened: ClaimedMails.Opened, _ facts: MailFacts, at time: Timestamp,
        isSlow: (ReceiptAction) -> Bool
    ) {
        self.mail = mail.with(opened.content)
        freshVerdicts = mail.isFreshlyJudged ? mail.record.verdicts : nil
        content = opened.content
        startedAt = time
        recipientCount = facts.recipients.count
        evaluation = MailEvaluation(opened.evaluator, facts, isSlow: isSlow) { key in
            mail.actions[key]?.standing(at: time, isTried: false)
        }
    }

    private func isDue(_ record: ActionRecord) -> Bool {
        record.isDue(at: startedAt) && !tried.contains(record.key)
    }

    private var planned: [PlannedAction] {
        isQuarantined ? [] : evaluation.next.filter { !tried.contains($0.key) }
    }

    /// What `next` would run.
    var wanted: [ReceiptAction] { planned.map(\.action) }

    /// The actions to run now, in order; empty when the pass is over.
    func next() -> [ActionTask] {
        let planned = planned
        let storedObjects = planned.isEmpty ? [:] : storedObjects
        return planned.map { planned in
            let last = mail.actions[planned.key]
            var task = ActionTask(
                mail: mail.record, key: planned.key, action: planned.action,
                recipients: planned.recipients, addedHeaders: planned.addedHeaders,
                removedHeaders: planned.removedHeaders, tags: planned.tags,
                isScanEnabled: planned.isScanEnabled,
                storedObjects: storedObjects[planned.key.recipient] ?? [],
                content: content, attempt: (last?.attempts ?? 0) + 1)
            task.lastDetail = last?.detail ?? ""
            return task
        }
    }

    /// `bucket/key` of the objects that this mail's `store` actions have written, by whom they are
    /// for.
    private var storedObjects: [Mailbox?: [String]] {
        let stored = mail.actions.values
            .filter { $0.kind == ReceiptAction.storeKind && $0.state == .done }
            .sorted { $0.firstAttemptAt < $1.firstAttemptAt }
        return Dictionary(grouping: stored, by: \.key.recipient).mapValues { $0.map(\.detail) }
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
        let (actions, tried) = (mail.actions, tried)
        evaluation.update(key) { [startedAt] key in
            actions[key]?.standing(at: startedAt, isTried: tried.contains(key))
        }
        return record
    }

    /// The journal is to have what was done, before more is.
    var isFull: Bool { fresh.count >= Self.freshMax }

    /// More is to be done at once than `next` says: for that the mail is opened again.
    var isQuickLeft: Bool { !isQuarantined && evaluation.isQuickLeft }

    /// No action is left open: the journal of this pass retires the mail.
    var isFinished: Bool {
        evaluation.isFinished && mail.actions[FeedbackFlow.key]?.state != .retrying
    }

    /// All of its recipients are rules' to take, and none did.
    private var isUntaken: Bool {
        isFinished && !evaluation.isTaken && !mail.record.isUntaken
            && recipientCount == mail.record.envelope.recipients.count
    }

    /// What the journal is to say of this pass.
    func progress() -> MailProgress {
        // What has not been tried is due at once, also when the process ends before it is.
        let isUntriedLeft =
            evaluation.isLeft || evaluation.next.contains { !tried.contains($0.key) }
        let nextTry = mail.actions.values.compactMap { $0.nextAttemptAt }.min()
        return MailProgress(
            mail: mail.record.id, verdicts: freshVerdicts, actions: fresh, deliveries: deliveries,
            isUntaken: isUntaken, newState: isQuarantined ? .held : isFinished ? .retired : nil,
            nextAttemptAt: isFinished
                ? nil : isUntriedLeft ? startedAt : nextTry ?? startedAt)
    }

    /// Whether the journal has to hear of this pass. What a mail was found to be can wait for what comes
    /// of its first action, unless its row says that nobody knows: were the process to end before, it
    /// would be judged again.
    var isNews: Bool {
        let isAwaited = freshVerdicts != nil && mail.record.waitsFor != nil
        return isAwaited || !fresh.isEmpty || !deliveries.isEmpty || isQuarantined || isFinished
    }

    /// The mail stays as it is and is looked at again after `seconds`.
    func postponement(bySeconds seconds: Int64) -> MailProgress {
        MailProgress(
            mail: mail.record.id, verdicts: freshVerdicts, actions: [], deliveries: [],
            newState: nil,
            nextAttemptAt: startedAt.advanced(bySeconds: seconds))
    }

    /// The journal took `progress`: what it holds is no longer fresh.
    mutating func settle() {
        freshVerdicts = nil
        mail.isFreshlyJudged = false
        mail.record.waitsFor = nil
        fresh = []
        deliveries = []
    }
}

extension ActionRecord {
    fileprivate func isDue(at time: Timestamp) -> Bool { (nextAttemptAt ?? time) <= time }

    /// As the rules see it in a pass that began at `time`: what is due again, and not tried in it yet,
    /// is as if it had never been tried, so that they offer it.
    fileprivate func standing(at time: Timestamp, isTried: Bool) -> ActionStanding? {
        state == .retrying && isDue(at: time) && !isTried ? nil : standing
    }
}
