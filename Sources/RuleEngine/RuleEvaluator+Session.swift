import MailModel

/// What is known before a mail's 250 of whether rules refuse it for a recipient.
///
/// Equal outlooks of two recipients end alike, whatever the mail turns out to be; the words of a
/// refusal may name the first of them.
package enum RejectionOutlook: Sendable, Equatable {
    /// No rule refuses it.
    case taken
    case refused(RuleRejection)
    /// It hangs on what is still to come of the mail.
    case open(OpenRejection)
}

/// The rules that decide what comes of a mail, in order: all may refuse it, or keep it before that.
package struct OpenRejection: Sendable, Equatable {
    fileprivate struct Rule: Sendable, Equatable {
        var position: Int
        /// What its conditions made of the recipient, which is known already: an answer each, with
        /// what its words name of it.
        var answers: [RecipientAnswer]
    }

    fileprivate var rules: [Rule] = []
    /// What has to be known of the mail.
    package fileprivate(set) var needs: MailFacts.Needs = []
}

/// The part of the rules that is asked before the 250: `reject`.
/// docs/decisions/0040-rules-refuse-for-one-recipient-at-a-time.md
extension RuleEvaluator {
    /// Whether some enabled rule refuses mails.
    package var rejects: Bool { !deciding.isEmpty }

    /// What rules make of a mail whose content is still to come, as if its first recipient were its
    /// only one. What `facts` do not know is open.
    package func rejectionOutlook(_ facts: MailFacts) -> RejectionOutlook {
        guard let recipient = facts.recipients.first else { return .taken }
        var open = OpenRejection()
        var conditions = ConditionWalk(facts, lists: lists, isTraced: false)
        for (index, deciding) in deciding(for: recipient, isTLS: facts.isTLS) {
            let answer = answer(of: index, &conditions, recipient)
            if answer == .no { continue }
            if answer == .yes {
                guard deciding.rejects else { break }
                if open.rules.isEmpty, !deciding.asks, !deciding.hasContentInText {
                    return rejection(by: index, &conditions).map { .refused($0.answer) } ?? .taken
                }
            }
            let answers = conditions.recipientAnswers.map { $0.naming(deciding.textNames) }
            open.rules.append(OpenRejection.Rule(position: index, answers: answers))
            open.needs.formUnion(deciding.needs)
            if answer == .yes, !deciding.asks { break }
        }
        // What keeps the mail decides nothing where nobody refuses it behind.
        let isOpen = open.rules.contains { deciding[$0.position]?.rejects == true }
        return isOpen ? .open(open) : .taken
    }

    /// What rules make of a mail, as if its first recipient were its only one. Rules in `silent` were
    /// asked already, and their handlers had nothing against it. A handler that may stop the rules
    /// after the 250 is not known to.
    package func rejectionDecision(
        _ facts: MailFacts, besides silent: Set<Int> = []
    ) -> RejectionDecision {
        guard let recipient = facts.recipients.first else { return .taken }
        var conditions = ConditionWalk(facts, lists: lists, isTraced: false)
        for (index, deciding) in deciding(for: recipient, isTLS: facts.isTLS)
        where !silent.contains(index) {
            switch answer(of: index, &conditions, recipient) {
            case .no: continue
            case .unknown where ruleSet.rules[index].conditions?.whenUnknown != .take: continue
            case .yes, .unknown: break
            }
            guard deciding.rejects, let found = rejection(by: index, &conditions) else { break }
            guard let question = found.asking else { return .refused(found.answer) }
            return .asked(rule: index, question, found.answer)
        }
        return .taken
    }

    /// The position of the rule that refuses the mail, whatever handlers would say.
    func rejectingRule(of facts: MailFacts) -> Int? {
        var silent: Set<Int> = []
        while true {
            switch rejectionDecision(facts, besides: silent) {
            case .taken: return nil
            case .refused(let rejection):
                return ruleSet.rules.firstIndex { $0.name == rejection.rule }
            case .asked(let rule, _, _): silent.insert(rule)
            }
        }
    }

    private func deciding(
        for recipient: Mailbox, isTLS: Bool
    ) -> [(Int, DecidingRule)] {
        Set(rules(for: recipient)).sorted().compactMap { index in
            guard let rule = deciding[index],
                isTLS || ruleSet.rules[index].tlsPolicy == .optional
            else { return nil }
            return (index, rule)
        }
    }

    private func answer(
        of index: Int, _ conditions: inout ConditionWalk, _ recipient: Mailbox
    ) -> ConditionAnswer {
        let rule = ruleSet.rules[index]
        conditions.begin(rule, recipients: [recipient], isFilled: templated.contains(index))
        return rule.conditions.map { conditions.answer(to: $0) } ?? .yes
    }

    private func rejection(
        by index: Int, _ conditions: inout ConditionWalk
    ) -> (answer: RuleRejection, asking: SessionQuestion?)? {
        let rule = ruleSet.rules[index]
        guard let action = rule.actions.first(where: \.rejects),
            case .reject(let code, let status, let text, let asking) =
                action.filled({ conditions.value(of: $0) })
        else { return nil }
        return (RuleRejection(rule: rule.name, code: code, status: status, text: text), asking)
    }
}
