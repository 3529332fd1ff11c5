package import MailModel
import SMTPProtocol
package import Storage

extension SentRecipient {
    /// The recipient once a try has ended so, at `now`.
    package func after(_ ending: TryEnding, at now: Timestamp) -> SentRecipient {
        var recipient = self
        switch ending {
        case .delivered(let reply, _):
            recipient.note(now, reply.text, of: .mail)
            recipient.state = .delivered
        case .deferred(let problem, let attempt, let next):
            recipient.note(now, problem.detail, of: problem.subject)
            recipient.lastAnswer = LastAnswer(problem, attempt)
            recipient.dueAt = next
        case .failed(let problem, _):
            recipient.note(now, problem.detail, of: problem.subject)
            recipient.state = .bounced
        case .expired(let problem, let attempt):
            if attempt == nil {
                recipient.detail = recipient.detail ?? problem.detail
            } else {
                recipient.note(now, problem.detail, of: problem.subject)
            }
            recipient.state = .bounced
        case .returned:
            recipient.detail = "sent back by an operator"
            recipient.state = .bounced
        case .suppressed(let record):
            recipient.state = .suppressed
            recipient.detail = "on the suppression list: \(record.reason.rawValue)"
        }
        return recipient
    }

    /// Where nobody of the destination takes mail now, nothing was asked of this one: it is no try
    /// of it, and its next does not come later for that.
    private mutating func note(
        _ now: Timestamp, _ detail: String, of subject: DeliveryProblem.Subject
    ) {
        if subject == .mail { attempts += 1 }
        lastAttemptAt = now
        self.detail = detail
        lastAnswer = nil
    }
}

extension LastAnswer {
    fileprivate init(_ problem: DeliveryProblem, _ attempt: DeliveryAttempt) {
        self.init(
            status: problem.enhancedStatus, code: problem.reply?.code,
            text: problem.reply?.lines.joined(separator: " "), host: attempt.remote?.name)
    }
}
