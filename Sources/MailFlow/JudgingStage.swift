import MailModel
import RuleEngine
import ServiceLifecycle
import Storage
import Topics

/// Has mails judged between their 250 and their actions: each once in its life. Whoever waits for
/// the DNS or a scanner holds up only those that wait for a judge, too.
struct JudgingStage: Sendable {
    /// Mails that are judged at once.
    private static let judgesMax = 32
    /// Until a mail that could not be judged is looked at again.
    private static let againSeconds: Int64 = 60
    /// Until it is seen whether those behind have room again.
    private static let fullMilliseconds: Int64 = 50

    let judge: any MailJudge
    let queue: ActionQueue
    /// Where judged mails go on.
    let judgedQueue: ActionQueue
    let claimed: ClaimedMails
    let journal: ActionJournal
    let time: any TimeSource
    let pause: any Pause

    /// Until the queue is closed.
    func run() async {
        await withDiscardingTaskGroup { group in
            for _ in 0..<Self.judgesMax { group.addTask { await runJudge() } }
        }
    }

    private func runJudge() async {
        while !queue.isClosed {
            await queue.waitForMail()
            for mail in queue.take(1) {
                guard let judged = await judged(mail) else { continue }
                while judgedQueue.isFull, !queue.isClosed {
                    await pause.forMilliseconds(Self.fullMilliseconds)
                }
                judgedQueue.putBack(judged)
            }
        }
    }

    /// Nil where it is not to go on now.
    private func judged(_ mail: WaitingMail) async -> WaitingMail? {
        guard mail.record.verdicts?.isComplete != true else { return mail }
        guard let opened = await claimed.open(mail) else { return nil }
        // What came to return paths alone is read, whatever it is otherwise.
        guard !opened.facts.recipients.isEmpty else { return mail }
        let (record, isScanned) = (mail.record, opened.evaluator.scans(opened.facts))
        // The end of the process waits for no name server; what was cut off is judged by the next
        // start.
        let judgement = await cancelWhenGracefulShutdown {
            await judge.judge(record, opened.content, isScanned: isScanned)
        }
        guard !queue.isClosed else { return nil }
        var mail = mail.with(opened.content)
        switch judgement {
        case .verdicts(let verdicts):
            claimed.log.judged(record.id, verdicts)
            mail.record.verdicts = verdicts
        case .later(let verdicts, let reason):
            await postpone(record, verdicts, because: reason)
            return nil
        }
        mail.isFreshlyJudged = true
        return mail
    }

    /// What is known is written down, so that the next try asks for the rest alone.
    private func postpone(
        _ mail: MailRecord, _ verdicts: VerdictRecord, because reason: String
    ) async {
        claimed.log.judgementPostponed(mail.id, reason, isNews: mail.waitsFor != reason)
        await journal.postpone([
            MailProgress(
                mail: mail.id, verdicts: verdicts, waitsFor: reason, actions: [], deliveries: [],
                newState: nil,
                nextAttemptAt: time.now().advanced(bySeconds: Self.againSeconds))
        ])
    }
}
