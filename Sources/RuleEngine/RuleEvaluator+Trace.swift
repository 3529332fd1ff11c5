package import MailModel

extension RuleEvaluator {
    /// Why the evaluation comes out as it does: every rule of the set with its answer and, as far
    /// as they were asked, its conditions. Apart from `evaluate`, which runs for every mail.
    package func trace(
        _ facts: MailFacts, standing: (ActionKey) -> ActionStanding?
    ) -> [RuleTrace] {
        trace(walk(facts, isTraced: true, standing: standing), facts)
    }

    /// What the rules would make of a mail with `facts`, if every action succeeded and handlers
    /// answered what `answers` has under their names, or `CONTINUE`.
    package func trace(
        dryRun facts: MailFacts, answers: [String: Disposition] = [:]
    ) -> [RuleTrace] {
        let walk = walk(facts, isDryRun: true, isTraced: true) { key in
            .ended(handler(of: key).flatMap { answers[$0] } ?? .continueOn)
        }
        return trace(walk, facts)
    }

    private func handler(of key: ActionKey) -> String? {
        let rule = ruleSet.rules.first { $0.name == key.rule }
        guard case .invoke(let handler, _, _, _) = rule?.actions[key.position] else { return nil }
        return handler
    }

    private func trace(_ walk: RuleWalk, _ facts: MailFacts) -> [RuleTrace] {
        let visits = walk.visits
        let byRule = Dictionary(visits.map { ($0.rule, $0) }) { first, _ in first }
        return ruleSet.rules.enumerated().map { index, rule in
            trace(rule, byRule[index], facts)
        }
    }

    private func trace(
        _ rule: ReceiptRule, _ visit: RuleWalk.Visit?, _ facts: MailFacts
    ) -> RuleTrace {
        guard rule.isEnabled else {
            return RuleTrace(
                rule: rule.name, answer: .disabled, conditions: [], matchedRecipients: [],
                actions: [])
        }
        var conditions = facts.recipients.flatMap { recipient in
            rule.recipients.isEmpty
                ? [
                    RuleTrace.Condition(
                        text: "any recipient of ours", value: recipient.wireText, answer: .yes)
                ]
                : rule.recipients.map { condition in
                    RuleTrace.Condition(
                        text: "recipient is \(condition.text)", value: recipient.wireText,
                        answer: ConditionAnswer(condition.matches(recipient)))
                }
        }
        if visit != nil, rule.tlsPolicy == .require {
            conditions.append(
                RuleTrace.Condition(
                    text: "tls is required", value: facts.isTLS ? "tls" : "plaintext",
                    answer: ConditionAnswer(facts.isTLS)))
        }
        conditions += visit?.conditions ?? []
        let reached = visit?.actions ?? []
        return RuleTrace(
            rule: rule.name, answer: visit?.answer ?? .noRecipient, conditions: conditions,
            matchedRecipients: (visit?.recipients ?? []).map(\.wireText),
            actions: rule.actions.enumerated().map { position, action in
                let (action, standing) =
                    position < reached.count
                    ? reached[position] : (action, RuleTrace.Action.notReached)
                return RuleTrace.Action(
                    position: position, text: action.text, standing: standing)
            })
    }
}

extension RecipientCondition {
    /// Whether `recipient` meets this condition. SES: the table of recipient conditions.
    package func matches(_ recipient: Mailbox) -> Bool {
        switch self {
        case .address(let localPart, let domain):
            recipient.domain.ascii == domain
                && (recipient.foldedLocalPart == localPart
                    || recipient.localPartWithoutLabel == localPart)
        case .domain(let domain): recipient.domain.ascii == domain
        case .subdomains(let parent): recipient.domain.ascii.hasSuffix("." + parent)
        case .like, .matches: matches(FactText(recipient.wireText))
        }
    }
}
