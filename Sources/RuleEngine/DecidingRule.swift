/// A rule that counts before the 250: one that refuses mails, or one that keeps them (it stops, drops,
/// or keeps apart) and stands before such a rule.
struct DecidingRule: Sendable {
    let rejects: Bool
    let needs: MailFacts.Needs
    /// Whether the text of its answer names what only the mail's content tells.
    let hasContentInText: Bool
    /// Whether a handler says if it refuses.
    let asks: Bool
    /// What the text of its answer has places for.
    let textNames: Set<String>

    /// By their positions; empty where no enabled rule refuses.
    static func all(of rules: [ReceiptRule]) -> [Int: DecidingRule] {
        guard let last = rules.lastIndex(where: { $0.isEnabled && $0.rejects }) else { return [:] }
        return rules[...last].enumerated().reduce(into: [:]) { found, entry in
            let rule = entry.element
            guard rule.isEnabled, rule.rejects || rule.keeps else { return }
            let needs = rule.conditions?.needs ?? []
            found[entry.offset] = DecidingRule(
                rejects: rule.rejects, needs: rule.rejects ? rule.needs : needs,
                hasContentInText: rule.rejects && rule.namesContent,
                asks: rule.actions.contains(where: \.asks),
                textNames: rule.rejects ? Set(rule.actions.flatMap(\.templateNames)) : [])
        }
    }
}

extension ReceiptAction {
    /// Whether its time is before a mail's 250 alone.
    package var rejects: Bool {
        if case .reject = self { true } else { false }
    }

    /// Whether a handler says if it refuses.
    var asks: Bool {
        if case .reject(_, _, _, asking: _?) = self { true } else { false }
    }

    fileprivate var keeps: Bool {
        switch self {
        case .stop, .drop, .quarantine: true
        case .store, .invoke, .notify, .forward, .relay, .deliver, .webhook, .bounce, .reply,
            .addHeader, .removeHeader, .tag, .reject:
            false
        }
    }
}

extension ReceiptRule {
    var rejects: Bool { actions.contains(where: \.rejects) }

    /// Whether it keeps a mail from rules behind that would refuse it.
    var keeps: Bool { actions.contains(where: \.keeps) }
}
