import RuleEngine

/// What rules are asked of a mail before its 250.
struct RejectionQuestion: Sendable {
    let evaluator: RuleEvaluator
    /// What has to be known of the mail.
    let needs: MailFacts.Needs

    /// Nil where no rule refuses the mail, whatever it is. So it is taken, too, where its recipients
    /// would fare differently (`outlook` is nil), which they only can if the rules, or what the clock says to them, changed after RCPT.
    init?(_ outlook: RejectionOutlook?, _ evaluator: RuleEvaluator) {
        switch outlook {
        case .taken, nil: return nil
        case .refused: needs = []
        case .open(let open): needs = open.needs
        }
        self.evaluator = evaluator
    }
}

extension Refusal {
    init(_ rejection: RuleRejection) {
        self = .byRule(
            rejection.rule, code: rejection.code, status: rejection.status, text: rejection.text)
    }
}
