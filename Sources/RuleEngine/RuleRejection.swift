package import MailModel

/// What a session answers in place of a 250.
package struct RuleRejection: Sendable, Hashable {
    /// The name of the rule that refuses.
    package var rule: String
    /// 400 to 599.
    package var code: Int
    package var status: EnhancedStatus
    package var text: String

    package init(rule: String, code: Int, status: EnhancedStatus, text: String) {
        self.rule = rule
        self.code = code
        self.status = status
        self.text = text
    }
}

/// What rules make of a mail of which everything is known that will be, before its 250.
package enum RejectionDecision: Sendable, Equatable {
    case taken
    case refused(RuleRejection)
    /// A handler says whether the rule at this position refuses it, and then so, unless it has
    /// words of its own.
    case asked(rule: Int, SessionQuestion, RuleRejection)
}
