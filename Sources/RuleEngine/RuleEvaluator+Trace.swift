package import MailModel

extension RuleEvaluator {
    /// Why the evaluation comes out as it does: every rule of the set with its answer and, as far
    /// as they were asked, its conditions; where rules are asked for each recipient, one of whom after
    /// another. Apart from `evaluate`, which runs for every mail.
    package func trace(
        _ facts: MailFacts, standing: (ActionKey) -> ActionStanding?
    ) -> [RuleTrace] {
        walks(of: facts).flatMap { recipient in
            let seen = facts.seen(by: recipient)
            let walk = walk(seen, for: recipient, isTraced: true, standing: standing)
            return trace(walk.visits, seen, for: recipient)
        }
    }

    /// What the rules would make of a mail with `facts`, if every action succeeded and handlers
    /// answered what `answers` has under their names, or `CONTINUE`. `isDuty`: whether a recipient is
    /// never refused.
    package func trace(
        dryRun facts: MailFacts, answers: HandlerAnswers = HandlerAnswers(),
        isDuty: (Mailbox) -> Bool = { _ in false }
    ) -> [RuleTrace] {
        walks(of: facts).flatMap { recipient in
            let seen = facts.seen(by: recipient)
            let visits = dryVisits(seen, for: recipient, isDuty) { standing(of: $0, answers) }
            return trace(visits, seen, for: recipient)
        }
    }

    /// How far an action has come that has succeeded, or whose handler has answered so.
    package func standing(of key: ActionKey, _ answers: HandlerAnswers) -> ActionStanding {
        let answer = handler(of: key).flatMap { answers.answer(of: $0, for: key.recipient) }
        return .ended(answer?.disposition ?? .continueOn, asks: answer?.actions ?? [])
    }

    /// Whom the action asks how the evaluation goes on.
    package func handler(of key: ActionKey) -> String? {
        guard key.asked == nil, let rule = ruleSet.rules.first(where: { $0.name == key.rule }),
            rule.actions.indices.contains(key.position),
            case .invoke(let handler, .requestResponse, _, _) = rule.actions[key.position]
        else { return nil }
        return handler
    }

    /// A recipient for whom the mail is refused is met by the rule that does it and, where nobody
    /// else is, by those that could have refused or kept it before.
    private func dryVisits(
        _ facts: MailFacts, for one: Mailbox?, _ isDuty: (Mailbox) -> Bool,
        standing: (ActionKey) -> ActionStanding?
    ) -> [RuleWalk.Visit] {
        var refused: [Int: [Mailbox]] = [:]
        var kept = facts
        kept.recipients = facts.recipients.filter { recipient in
            var alone = facts
            alone.recipients = [recipient]
            guard !isDuty(recipient), let rule = rejectingRule(of: alone) else { return true }
            refused[rule, default: []].append(recipient)
            return false
        }
        var visits = walk(kept, for: one, isDryRun: true, isTraced: true, standing: standing)
            .visits
        for (place, visit) in visits.enumerated()
        where visit.answer == .took && ruleSet.rules[visit.rule].rejects
            && visit.recipients.allSatisfy(isDuty)
        {
            visits[place].answer = .duty
        }
        let refusing = refused.sorted { $0.key < $1.key }
        for (index, recipients) in refusing {
            visits.removeAll { $0.rule == index }
            var visit = dryVisit(index, recipients, facts)
            for place in visit[0].actions.indices {
                visit[0].actions[place].standing = "would refuse"
            }
            visits += visit
        }
        for (index, recipients) in refusing {
            let met = Set(rules(for: recipients[0]))
            for earlier in deciding.keys where earlier < index && met.contains(earlier) {
                guard !visits.contains(where: { $0.rule == earlier }) else { continue }
                visits += dryVisit(earlier, [recipients[0]], facts)
            }
        }
        return visits
    }

    private func dryVisit(
        _ index: Int, _ recipients: [Mailbox], _ facts: MailFacts
    ) -> [RuleWalk.Visit] {
        var walk = RuleWalk(facts, for: nil, lists: lists, isDryRun: true, isTraced: true)
        walk.visit(
            ruleSet.rules[index], at: index, recipients: recipients,
            isFilled: templated.contains(index), standing: { _ in nil })
        return walk.visits
    }

    private func trace(
        _ visits: [RuleWalk.Visit], _ facts: MailFacts, for one: Mailbox?
    ) -> [RuleTrace] {
        let byRule = Dictionary(visits.map { ($0.rule, $0) }) { first, _ in first }
        return ruleSet.rules.enumerated().map { index, rule in
            var trace = trace(rule, byRule[index], facts)
            trace.recipient = one?.wireText
            return trace
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
        let isMet = conditions.contains { $0.answer == .yes }
        if visit != nil, rule.tlsPolicy == .require {
            conditions.append(
                RuleTrace.Condition(
                    text: "tls is required", value: facts.isTLS ? "tls" : "plaintext",
                    answer: ConditionAnswer(facts.isTLS)))
        }
        conditions += visit?.conditions ?? []
        let reached = visit?.actions ?? []
        let behind = reached.last.map { $0.key.position + 1 } ?? 0
        return RuleTrace(
            rule: rule.name, answer: visit?.answer ?? (isMet ? .refused : .noRecipient),
            conditions: conditions,
            matchedRecipients: (visit?.recipients ?? []).map(\.wireText),
            actions: reached.map { RuleTrace.Action($0.key, $0.action, standing: $0.standing) }
                + rule.actions.enumerated().dropFirst(behind).map { position, action in
                    RuleTrace.Action(
                        ActionKey(rule: rule.name, position: position), action,
                        standing: RuleTrace.Action.notReached)
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
