package import MailModel

/// How far an action has come, as the evaluation sees it.
package enum ActionStanding: Sendable, Hashable {
    /// The evaluation goes on with this answer; of a handler that steers, once what it asked for has
    /// begun.
    case ended(Disposition, asks: [ReceiptAction] = [])
    /// A dead letter: the evaluation goes on as if it had ended with `.continueOn`.
    case givenUp
    /// Tried and failed; will be tried again.
    case retrying
}

/// What a handler's answer makes of the evaluation. SES: a Lambda function's `disposition`.
package enum Disposition: String, Sendable, Codable, CaseIterable {
    case continueOn = "CONTINUE"
    case stopRule = "STOP_RULE"
    case stopRuleSet = "STOP_RULE_SET"
}

/// What may run now, and whether the mail has come to its end.
package struct Evaluation: Sendable, Hashable {
    /// Actions to start now, in order: those that were never tried and that nothing holds back.
    /// Actions that are being retried are not here; the queue knows when they are due.
    package var next: [PlannedAction]
    /// Whether a rule took the mail, as far as is known.
    package var isTaken: Bool
    /// No action is waiting, retrying or held: the mail can retire.
    package var isFinished: Bool

    package init(next: [PlannedAction], isTaken: Bool, isFinished: Bool) {
        self.next = next
        self.isTaken = isTaken
        self.isFinished = isFinished
    }
}

/// An action that the evaluation wants run, with what it may see.
package struct PlannedAction: Sendable, Hashable {
    package var key: ActionKey
    package var action: ReceiptAction
    /// The recipients that the rule matched.
    package var recipients: [Mailbox]
    /// `name: value` of the `addHeader` actions before it, in order.
    package var addedHeaders: [String]
    /// Names, in lower case, of the `removeHeader` actions before it, each once.
    package var removedHeaders: [String]
    /// Those of the `tag` actions before it, itself included, each once; at most `MailTag.tagsMax`.
    package var tags: [MailTag]
    package var isScanEnabled: Bool

    package init(
        key: ActionKey, action: ReceiptAction, recipients: [Mailbox], addedHeaders: [String],
        removedHeaders: [String] = [], tags: [MailTag] = [], isScanEnabled: Bool
    ) {
        self.key = key
        self.action = action
        self.recipients = recipients
        self.addedHeaders = addedHeaders
        self.removedHeaders = removedHeaders
        self.tags = tags
        self.isScanEnabled = isScanEnabled
    }
}
