package import MailModel

/// What a session answers in place of a 250.
package struct RuleRejection: Sendable, Hashable {
    package var rule: String
    package var code: Int
    package var status: EnhancedStatus
    package var text: String
}

/// The part of the rules that is asked before the 250: `reject`.
///
/// A mail is refused where every recipient of it is. So that one mail has no recipients of which rules
/// refuse some, a session takes only such recipients together of which the same rules may.
extension RuleEvaluator {
    /// What has to be known of a mail before its 250; nil where no rule refuses any.
    package var sessionNeeds: MailFacts.Needs? {
        let rules = ruleSet.rules.filter { $0.isEnabled && $0.rejects }
        guard !rules.isEmpty else { return nil }
        // Whether a rule is reached hangs on the stops before it.
        let asked = ruleSet.rules.filter { $0.isEnabled && ($0.rejects || $0.stops) }
        return asked.reduce(into: []) { $0.formUnion($1.needs) }
    }

    /// Positions of the rules that may refuse a mail to `recipient`, in order.
    package func rejectingRules(of recipient: Mailbox) -> [Int] {
        Set(rules(for: recipient)).filter { ruleSet.rules[$0].rejects }.sorted()
    }

    /// Why a mail with `facts` is refused, by the first of its recipients; nil where it is taken. A
    /// handler that may stop the rules is not known to: its answer comes later.
    package func rejection(of facts: MailFacts) -> RuleRejection? {
        var rejection: RuleRejection?
        var open = Set(facts.recipients)
        guard !open.isEmpty else { return nil }
        let walk = walk(facts, isDryRun: true) { _ in .ended(.continueOn) }
        for visit in walk.visits where visit.answer == .took {
            for (action, _) in visit.actions {
                guard case .reject(let code, let status, let text) = action else { continue }
                let rule = ruleSet.rules[visit.rule].name
                rejection =
                    rejection
                    ?? RuleRejection(rule: rule, code: code, status: status, text: text)
                open.subtract(visit.recipients)
            }
        }
        return open.isEmpty ? rejection : nil
    }
}

extension ReceiptRule {
    var rejects: Bool {
        actions.contains { if case .reject = $0 { true } else { false } }
    }

    fileprivate var stops: Bool {
        actions.contains { if case .stop = $0 { true } else { false } }
    }
}
