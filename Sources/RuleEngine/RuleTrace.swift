/// Why one rule did or did not take a mail: every condition that was asked, with its answer.
package struct RuleTrace: Sendable, Hashable, Codable {
    package enum Answer: String, Sendable, Codable {
        case took, disabled
        /// No recipient condition matched.
        case noRecipient
        /// Its conditions do not hold, or it cannot be told whether they do.
        case conditions
        /// The rule requires TLS and the mail came without.
        case plaintext
        /// An earlier stop, or handler's answer, ended the evaluation before this rule.
        case stopped
        /// Of a mail that is not there: another rule would refuse it before its 250.
        case refused
        /// Of a mail that is not there: it refuses mails, and its recipients are never refused.
        case duty
        /// An earlier action holds the evaluation here for now.
        case waiting
    }

    package struct Condition: Sendable, Hashable, Codable {
        /// What was asked: `recipient .example.com` for instance.
        package var text: String
        /// What it was asked of: the recipient, `plaintext`, or why that is unknown.
        package var value: String
        package var answer: ConditionAnswer
        /// Within how many groups it stands; a group stands before its members.
        package var depth: Int

        package init(text: String, value: String, answer: ConditionAnswer, depth: Int = 0) {
            self.text = text
            self.value = value
            self.answer = answer
            self.depth = depth
        }
    }

    package struct Action: Sendable, Hashable, Codable {
        package static let notReached = "not reached"

        package var position: Int
        /// Of one that the handler at that position asked for: its number in the answer, from 1.
        package var asked: Int?
        /// `store mail/tickets/` for instance.
        package var text: String
        /// `ended`, `ended CONTINUE`, `given up`, `retrying`, `next`, `held`, `not reached`; `too late`,
        /// `asked before the 250`; of a mail that is not there: `would run`, `would stop`,
        /// `would be added`, `would refuse`, `would ask`.
        package var standing: String
        /// What it said at its last try; nil for one that was not tried.
        package var detail: String?

        init(_ key: ActionKey, _ action: ReceiptAction, standing: String) {
            position = key.position
            asked = key.asked
            text = action.text
            self.standing = standing
        }
    }

    /// For people, behind the rule's name.
    package var why: String {
        switch answer {
        case .took: "took \(matchedRecipients.joined(separator: ", "))"
        case .disabled: "is disabled"
        case .noRecipient: "no recipient of it"
        case .conditions: "its conditions do not hold"
        case .plaintext: "requires TLS, and the mail came without"
        case .stopped: "not reached: an earlier rule stopped"
        case .refused: "not reached: the mail is refused before its 250"
        case .duty: "never refuses mail for \(matchedRecipients.joined(separator: ", "))"
        case .waiting: "not reached yet: an earlier action is still open"
        }
    }

    /// The texts of the actions that the mail comes to.
    package var reachedActions: [String] {
        actions.filter { $0.standing != Action.notReached }.map(\.text)
    }

    /// Whom the rule was asked for; nil where rules are asked once for all recipients.
    package var recipient: String?
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
