extension ReceiptRule {
    /// What of a mail has to be read for it.
    var needs: MailFacts.Needs {
        let names = actions.flatMap(\.templateNames).compactMap(TemplateFact.init(rawValue:))
        return (conditions?.needs ?? []).union(names.reduce(into: []) { $0.formUnion($1.needs) })
    }
}

extension ReceiptRule {
    /// Whether something is filled in that is not known before the mail's content; a group may be one
    /// of any condition.
    var namesContent: Bool {
        actions.flatMap(\.templateNames).contains { name in
            let needs = TemplateFact(rawValue: name).map(\.needs) ?? conditions?.needs ?? []
            return !needs.isEmpty
        }
    }
}

extension RuleConditions {
    /// What of a mail has to be read to answer them.
    var needs: MailFacts.Needs { RuleCondition.needs(of: when + unless) }
}

extension RuleCondition {
    fileprivate static func needs(of conditions: [RuleCondition]) -> MailFacts.Needs {
        conditions.reduce(into: []) { $0.formUnion($1.needs) }
    }

    private var needs: MailFacts.Needs {
        switch self {
        case .all(let members), .any(let members): Self.needs(of: members)
        case .not(let member): member.needs
        case .text(let fact, _): fact.needs
        case .attachment, .number(.attachmentCount, _): .attachments
        case .number(.spamScore, _), .number(.listScore, _): .screening
        case .verdict(let fact, _): [.spam, .virus].contains(fact) ? .screening : .origin
        case .number(.size, _), .peer, .tls, .time: []
        }
    }
}

extension TextFact {
    fileprivate var needs: MailFacts.Needs {
        switch self {
        case .header, .subject, .from, .to, .cc, .fromDomain: .header
        case .body: .body
        case .recipient, .mailFrom, .helo, .peerName, .tlsVersion: []
        case .dkimDomain, .dmarcPolicy: .origin
        }
    }
}
