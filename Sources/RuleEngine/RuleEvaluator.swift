package import MailModel

/// What the rules may ask of a mail.
package struct MailFacts: Sendable, Hashable {
    /// Envelope recipients, in order.
    package var recipients: [Mailbox]
    package var isTLS: Bool

    package init(recipients: [Mailbox], isTLS: Bool) {
        self.recipients = recipients
        self.isTLS = isTLS
    }
}

/// How far an action has come, as the evaluation sees it.
package enum ActionStanding: Sendable, Hashable {
    /// Ended, or given up (then with `.continueOn`): the evaluation goes on with this answer.
    case ended(Disposition)
    /// Tried and failed; will be tried again.
    case retrying
}

/// What a handler's answer makes of the evaluation. SES: a Lambda function's `disposition`.
package enum Disposition: String, Sendable, Codable {
    case continueOn = "CONTINUE"
    case stopRule = "STOP_RULE"
    case stopRuleSet = "STOP_RULE_SET"
}

/// What may run now, and why the evaluation stands where it stands.
package struct Evaluation: Sendable, Hashable {
    /// Actions to start now, in order: those that were never tried and that nothing holds back.
    /// Actions that are being retried are not here; the queue knows when they are due.
    package var next: [PlannedAction]
    /// No action is waiting, retrying or held: the mail can retire.
    package var isFinished: Bool
    /// No enabled rule took any recipient.
    package var isUntaken: Bool
    package var trace: [RuleTrace]

    package init(
        next: [PlannedAction], isFinished: Bool, isUntaken: Bool, trace: [RuleTrace]
    ) {
        self.next = next
        self.isFinished = isFinished
        self.isUntaken = isUntaken
        self.trace = trace
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
    package var isScanEnabled: Bool

    package init(
        key: ActionKey, action: ReceiptAction, recipients: [Mailbox], addedHeaders: [String],
        isScanEnabled: Bool
    ) {
        self.key = key
        self.action = action
        self.recipients = recipients
        self.addedHeaders = addedHeaders
        self.isScanEnabled = isScanEnabled
    }
}

/// Why one rule did or did not take a mail: every condition that was asked, with its answer.
package struct RuleTrace: Sendable, Hashable, Codable {
    package enum Answer: String, Sendable, Codable {
        case took, disabled
        /// No recipient condition matched.
        case noRecipient
        /// The rule requires TLS and the mail came without.
        case plaintext
        /// An earlier stop, or handler's answer, ended the evaluation before this rule.
        case stopped
        /// An earlier action holds the evaluation here for now.
        case waiting
    }

    package struct Condition: Sendable, Hashable, Codable {
        /// What was asked: `recipient .example.com` for instance.
        package var text: String
        /// What it was asked of: the recipient, `plaintext`.
        package var value: String
        package var isMatch: Bool

        package init(text: String, value: String, isMatch: Bool) {
            self.text = text
            self.value = value
            self.isMatch = isMatch
        }
    }

    package struct Action: Sendable, Hashable, Codable {
        package var position: Int
        /// `store mail/tickets/` for instance.
        package var text: String
        /// `ended CONTINUE`, `retrying`, `next`, `held`, `not reached`.
        package var standing: String

        package init(position: Int, text: String, standing: String) {
            self.position = position
            self.text = text
            self.standing = standing
        }
    }

    package var rule: String
    package var answer: Answer
    package var conditions: [Condition]
    package var matchedRecipients: [String]
    package var actions: [Action]

    package init(
        rule: String, answer: Answer, conditions: [Condition], matchedRecipients: [String],
        actions: [Action]
    ) {
        self.rule = rule
        self.answer = answer
        self.conditions = conditions
        self.matchedRecipients = matchedRecipients
        self.actions = actions
    }
}

/// The rules of one set, indexed for look-ups by recipient: an immutable snapshot that admission
/// and evaluation share.
///
/// Pure, total and deterministic: the same facts and standings give the same evaluation. Finding
/// the rules of a recipient costs one look-up for each of its domain's labels, not a walk.
package struct RuleEvaluator: Sendable {
    package let ruleSet: ReceiptRuleSet
    /// Names the set's content: the same rules give the same version.
    package let version: String
}
