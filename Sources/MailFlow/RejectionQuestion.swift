import MailModel
import RuleEngine

/// What rules are asked of a mail before its 250.
struct RejectionQuestion: Sendable {
    let evaluator: RuleEvaluator
    /// What has to be known of the mail.
    let needs: MailFacts.Needs
    /// When the mail came, as far as they are asked for it: the same as at RCPT.
    let begunAt: Timestamp

    /// Nil where no rule refuses the mail, whatever it is. So it is taken, too, where its recipients
    /// would fare differently (`outlook` is nil), which they only can if the rules changed after RCPT.
    init?(_ outlook: RejectionOutlook?, _ evaluator: RuleEvaluator, begunAt: Timestamp) {
        switch outlook {
        case .taken, nil: return nil
        case .refused: needs = []
        case .open(let open): needs = open.needs
        }
        self.evaluator = evaluator
        self.begunAt = begunAt
    }
}

extension Refusal {
    init(_ rejection: RuleRejection) {
        self = .byRule(
            rejection.rule, code: rejection.code, status: rejection.status, text: rejection.text)
    }
}
