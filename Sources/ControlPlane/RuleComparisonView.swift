import RuleEngine

/// Which mails a draft of the rules would treat differently from the set in force.
package struct RuleComparisonView: Sendable, Codable {
    /// Their names and versions.
    package var active: String
    package var draft: String
    /// How many mails were looked at.
    package var mails: Int
    /// Those that differ, the newest first.
    package var differing: [Difference]

    package struct Difference: Sendable, Codable {
        package var mail: MailView
        package var steps: [Step]
    }

    /// What is done with a mail by one of the two alone.
    package struct Step: Sendable, Codable {
        /// By the draft; else by the set in force.
        package var isNew: Bool
        package var rule: String
        /// `store mail/tickets/` for instance.
        package var action: String
        package var recipients: [String]
        /// Whom the rule was asked for; nil where rules are asked once for all recipients.
        package var recipient: String?
    }
}

extension RuleComparisonView {
    /// What differs between two traces of one mail; nothing where the same is done in the same
    /// order, whatever the rules are called.
    static func steps(_ active: [RuleTrace], _ draft: [RuleTrace]) -> [Step] {
        let difference = steps(of: draft, isNew: true)
            .difference(from: steps(of: active, isNew: false)) {
                $0.action == $1.action && $0.recipients == $1.recipients
            }
        return (difference.removals + difference.insertions).map { change in
            switch change {
            case .insert(_, let step, _), .remove(_, let step, _): step
            }
        }
    }

    private static func steps(of traces: [RuleTrace], isNew: Bool) -> [Step] {
        traces.filter { $0.answer == .took }.flatMap { trace in
            trace.reachedActions.map { action in
                Step(
                    isNew: isNew, rule: trace.rule, action: action,
                    recipients: trace.matchedRecipients, recipient: trace.recipient)
            }
        }
    }
}
