/// What of a rule set can never happen, whatever mail comes: rules that take none, and actions that
/// are never done.
///
/// What is found is so for every mail that comes; not everything that is so is found.
package struct RuleReach {
    package struct Finding: Sendable, Hashable {
        /// The rule's position.
        package var rule: Int
        /// The first of the actions that are never done; nil: the rule takes no mail.
        package var action: Int?
        /// For people.
        package var message: String
    }

    private let rules: [ReceiptRule]
    private let conditions: ConditionReach
    /// Earlier rules that leave a later one nothing, by whom they take.
    private var endings = EndingRules()

    /// In the order of the rules. `mailBytesMax`: the largest mail that is taken; nil: not known.
    package static func findings(
        in ruleSet: ReceiptRuleSet, mailBytesMax: Int?
    ) -> [Finding] {
        var reach = RuleReach(ruleSet.rules, mailBytesMax)
        var findings: [Finding] = []
        for (index, rule) in ruleSet.rules.enumerated() where rule.isEnabled {
            if let reason = reach.reasonAgainst(rule) {
                findings.append(
                    Finding(
                        rule: index, action: nil,
                        message: "“\(rule.name)” takes no mail that comes: \(reason)"))
            } else if let end = rule.sureEnd, end + 1 < rule.actions.count {
                findings.append(
                    Finding(
                        rule: index, action: end + 1,
                        message: "is never done: the “\(rule.actions[end].kind)” before it ends "
                            + "the rules"))
            }
            reach.endings.insert(rule, at: index)
        }
        return findings
    }

    private init(_ rules: [ReceiptRule], _ mailBytesMax: Int?) {
        self.rules = rules
        conditions = ConditionReach(mailBytesMax: mailBytesMax)
    }

    private func reasonAgainst(_ rule: ReceiptRule) -> String? {
        if let reason = conditions.reasonAgainst(rule) { return reason }
        guard let earlier = endings.covering(rule, among: rules), !earlier.isEmpty else {
            return nil
        }
        let names = earlier.prefix(3).map { "“\(rules[$0].name)”" }.joined(separator: ", ")
        let others = earlier.count > 3 ? " and \(earlier.count - 3) more" : ""
        let isRefusal = earlier.map { rules[$0].rejects }
        let what =
            switch (isRefusal.contains(true), isRefusal.contains(false)) {
            case (true, false): "all of its mail is refused by"
            case (true, true): "all of its mail is refused, or taken and stopped, by"
            case (false, _): "all of its mail is taken and stopped by"
            }
        return "\(what) \(names)\(others) above"
    }
}

extension ReceiptRule {
    /// The position of the action that ends the rules for every mail that the rule takes, whatever
    /// handlers answer; nil where none does. What `quarantine` keeps goes on behind it once it is
    /// released, and a handler may end the rule alone.
    var sureEnd: Int? {
        for (position, action) in actions.enumerated() {
            switch action {
            case .stop, .drop: return position
            case .invoke(_, .requestResponse, _, _): return nil
            case .store, .invoke, .notify, .forward, .relay, .deliver, .webhook, .bounce, .reply,
                .addHeader, .removeHeader, .tag, .quarantine, .reject:
                continue
            }
        }
        return nil
    }
}
