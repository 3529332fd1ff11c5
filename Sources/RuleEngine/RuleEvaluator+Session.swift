package import MailModel

/// What a session answers in place of a 250.
package struct RuleRejection: Sendable, Hashable {
    /// The name of the rule that refuses.
    package var rule: String
    /// 400 to 599.
    package var code: Int
    package var status: EnhancedStatus
    package var text: String
}

/// What is known before a mail's 250 of whether rules refuse it for a recipient.
///
/// Equal outlooks of two recipients end alike, whatever the mail turns out to be.
package enum RejectionOutlook: Sendable, Equatable {
    /// No rule refuses it.
    case taken
    case refused(RuleRejection)
    /// It hangs on what is still to come of the mail.
    case open(OpenRejection)
}

/// The rules that decide what comes of a mail, in order: all may refuse it, or stop before that.
package struct OpenRejection: Sendable, Equatable {
    fileprivate var rules: [Int] = []
    /// Whom the mail is for, where one of the rules asks that.
    fileprivate var recipient: Mailbox?
    /// What has to be known of the mail.
    package fileprivate(set) var needs: MailFacts.Needs = []
}

/// A rule that counts before the 250: one that refuses mails, or one that stops and stands before
/// such a rule.
struct DecidingRule: Sendable {
    let rejects: Bool
    let needs: MailFacts.Needs
    /// Whether the text of its answer names what only the mail's content tells.
    let hasContentInText: Bool
    let asksRecipient: Bool

    /// By their positions; empty where no enabled rule refuses.
    static func all(of rules: [ReceiptRule]) -> [Int: DecidingRule] {
        guard let last = rules.lastIndex(where: { $0.isEnabled && $0.rejects }) else { return [:] }
        return rules[...last].enumerated().reduce(into: [:]) { found, entry in
            let rule = entry.element
            guard rule.isEnabled, rule.rejects || rule.stops else { return }
            let needs = rule.conditions?.needs ?? []
            found[entry.offset] = DecidingRule(
                rejects: rule.rejects, needs: rule.rejects ? rule.needs : needs,
                hasContentInText: rule.rejects && rule.needs != needs,
                asksRecipient: rule.conditions?.asksRecipient ?? false)
        }
    }
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
                if open.rules.isEmpty, !deciding.hasContentInText {
                    return rejection(by: index, &conditions).map { .refused($0) } ?? .taken
                }
            }
            open.rules.append(index)
            open.needs.formUnion(deciding.needs)
            if deciding.asksRecipient { open.recipient = recipient }
            if answer == .yes { break }
        }
        // A stop behind which nothing refuses decides nothing.
        let isOpen = open.rules.contains { deciding[$0]?.rejects == true }
        return isOpen ? .open(open) : .taken
    }

    /// Why rules refuse a mail of which everything is known that will be, as if its first recipient
    /// were its only one; nil where they take it. A handler that may stop them is not known to:
    /// its answer comes later.
    package func rejection(of facts: MailFacts) -> RuleRejection? {
        var conditions = ConditionWalk(facts, lists: lists, isTraced: false)
        return rejectingRule(of: facts, &conditions).flatMap { rejection(by: $0, &conditions) }
    }

    /// The position of the rule that does it.
    func rejectingRule(of facts: MailFacts) -> Int? {
        var conditions = ConditionWalk(facts, lists: lists, isTraced: false)
        return rejectingRule(of: facts, &conditions)
    }

    private func rejectingRule(of facts: MailFacts, _ conditions: inout ConditionWalk) -> Int? {
        guard let recipient = facts.recipients.first else { return nil }
        for (index, deciding) in deciding(for: recipient, isTLS: facts.isTLS) {
            switch answer(of: index, &conditions, recipient) {
            case .no: continue
            case .unknown where ruleSet.rules[index].conditions?.whenUnknown != .take: continue
            case .yes, .unknown: return deciding.rejects ? index : nil
            }
        }
        return nil
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
    ) -> RuleRejection? {
        let rule = ruleSet.rules[index]
        guard let action = rule.actions.first(where: \.rejects),
            case .reject(let code, let status, let text) =
                action.filled({ conditions.value(of: $0) })
        else { return nil }
        return RuleRejection(rule: rule.name, code: code, status: status, text: text)
    }
}

extension ReceiptAction {
    fileprivate var rejects: Bool {
        if case .reject = self { true } else { false }
    }

    fileprivate var stops: Bool {
        if case .stop = self { true } else { false }
    }
}

extension ReceiptRule {
    var rejects: Bool { actions.contains(where: \.rejects) }

    fileprivate var stops: Bool { actions.contains(where: \.stops) }
}

extension RuleConditions {
    fileprivate var asksRecipient: Bool { (when + unless).contains(where: \.asksRecipient) }
}

extension RuleCondition {
    fileprivate var asksRecipient: Bool {
        switch self {
        case .all(let members), .any(let members): members.contains(where: \.asksRecipient)
        case .not(let member): member.asksRecipient
        case .text(.recipient, _): true
        case .text, .attachment, .number, .verdict, .peer, .tls, .time: false
        }
    }
}
