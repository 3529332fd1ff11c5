package import MailModel
package import RuleEngine

/// How far one action of one mail has come: a row of the journal. An action without a row has not
/// been tried, or was tried and the process ended before it could say so; it runs (again).
package struct ActionRecord: Sendable, Hashable {
    package enum State: String, Sendable, Codable {
        /// Tried and failed; to be tried again at `nextAttemptAt`.
        case retrying
        case done
        /// Given up, after the retries or at a permanent refusal; an operator sees it and can
        /// send it again.
        case dead
    }

    package var mail: MailID
    package var key: ActionKey
    /// `store`, `invoke`, `notify`.
    package var kind: String
    package var state: State
    package var attempts: Int
    package var firstAttemptAt: Timestamp
    package var lastAttemptAt: Timestamp
    /// Set while `retrying`.
    package var nextAttemptAt: Timestamp?
    /// What the evaluation goes on with once the action has ended.
    package var disposition: Disposition
    /// What the handler's answer asked for, to be done by itself: each under its own key.
    package var asks: [ReceiptAction]
    /// What came of it, for people: the object's key, the handler's answer, the error.
    package var detail: String

    package init(
        mail: MailID, key: ActionKey, kind: String, state: State, attempts: Int,
        firstAttemptAt: Timestamp, lastAttemptAt: Timestamp, nextAttemptAt: Timestamp?,
        disposition: Disposition, asks: [ReceiptAction] = [], detail: String
    ) {
        self.mail = mail
        self.key = key
        self.kind = kind
        self.state = state
        self.attempts = attempts
        self.firstAttemptAt = firstAttemptAt
        self.lastAttemptAt = lastAttemptAt
        self.nextAttemptAt = nextAttemptAt
        self.disposition = disposition
        self.asks = asks
        self.detail = detail
    }

    /// As the evaluation sees it.
    package var standing: ActionStanding {
        switch state {
        case .retrying: .retrying
        case .done: .ended(disposition, asks: asks)
        case .dead: .givenUp
        }
    }
}
