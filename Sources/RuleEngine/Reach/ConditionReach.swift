/// Whether some mail can be all that a rule asks.
struct ConditionReach {
    /// Bytes of the largest mail that is taken; nil: not known.
    let mailBytesMax: Int?

    /// A condition or its opposite, which is to hold.
    struct Demand: Hashable {
        var condition: RuleCondition
        var isNegated: Bool

        var text: String { isNegated ? "not: \(condition.text)" : condition.text }
    }

    /// Why none can; nil where one may.
    func reasonAgainst(_ rule: ReceiptRule) -> String? {
        var demands = (rule.conditions?.when ?? []).map { Demand(condition: $0, isNegated: false) }
        demands += (rule.conditions?.unless ?? []).map { Demand(condition: $0, isNegated: true) }
        guard !demands.isEmpty else { return nil }
        if rule.tlsPolicy == .require {
            demands.append(Demand(condition: .tls(true), isNegated: false))
        }
        let flat = Self.flat(demands)
        let answers = answers(to: flat)
        let takesUnknown = rule.conditions?.whenUnknown == .take
        guard !answers.contains(.yes), !takesUnknown || !answers.contains(.unknown) else {
            return nil
        }
        return reason(flat) ?? "its conditions never hold"
    }

    private func reason(_ flat: [Demand]) -> String? {
        let alone = flat.first { !answers(to: $0).contains(.yes) }
        guard let found = alone.map({ [$0] }) ?? contradiction(in: flat) else { return nil }
        let named = found.prefix(3).map(\.text)
        let others = found.count > 3 ? " and \(found.count - 3) more" : ""
        let isTooLarge =
            mailBytesMax != nil && NumberReach.isEmpty(found, of: .size, mailBytesMax: mailBytesMax)
            && !NumberReach.isEmpty(found, of: .size, mailBytesMax: nil)
        if let mailBytesMax, isTooLarge {
            return "\(named.joined(separator: " and "))\(others), and no mail of more than "
                + "\(mailBytesMax) bytes is taken (limits.mailBytesMax)"
        }
        return found.count == 1
            ? "\(named[0]) never holds"
            : "\(named.joined(separator: " and "))\(others) never hold at once"
    }

    // MARK: Possible answers

    /// What `all` and the opposite of `any` hold stands beside the rest.
    private static func flat(_ demands: [Demand]) -> [Demand] {
        demands.flatMap { demand -> [Demand] in
            switch demand.condition {
            case .not(let member):
                flat([Demand(condition: member, isNegated: !demand.isNegated)])
            case .all(let members) where !demand.isNegated,
                .any(let members) where demand.isNegated:
                flat(members.map { Demand(condition: $0, isNegated: demand.isNegated) })
            case .all, .any, .text, .attachment, .number, .peer, .tls, .verdict, .time: [demand]
            }
        }
    }

    /// To all of them together.
    private func answers(to flat: [Demand]) -> PossibleAnswers {
        var answers = PossibleAnswers.all(flat.map { self.answers(to: $0) })
        if answers.contains(.yes), contradiction(in: flat) != nil { answers.remove(.yes) }
        return answers
    }

    private func answers(to demand: Demand) -> PossibleAnswers {
        demand.isNegated ? answers(to: demand.condition).negated : answers(to: demand.condition)
    }

    private func answers(to condition: RuleCondition) -> PossibleAnswers {
        switch condition {
        case .all(let members):
            return answers(to: Self.flat(members.map { Demand(condition: $0, isNegated: false) }))
        case .any(let members): return .any(members.map { answers(to: $0) })
        case .not(let member): return answers(to: member).negated
        case .text(let fact, let tests):
            let known: PossibleAnswers = fact == .recipient ? [.yes, .no] : .every
            return TextReach.isEmpty([tests]) ? known.subtracting(.yes) : known
        case .attachment(let tests): return tests.canPass ? .every : [.no, .unknown]
        case .number(let fact, _):
            let demand = [Demand(condition: condition, isNegated: false)]
            return NumberReach.isEmpty(demand, of: fact, mailBytesMax: mailBytesMax)
                ? [.no, .unknown] : .every
        case .tls: return [.yes, .no]
        case .peer, .verdict, .time: return .every
        }
    }

    // MARK: Contradictions

    /// Some that never hold at once; nil where none are known.
    private func contradiction(in demands: [Demand]) -> [Demand]? {
        let wanted = Set(demands)
        for demand in demands {
            var opposite = demand
            opposite.isNegated.toggle()
            if !demand.isNegated, wanted.contains(opposite) { return [demand, opposite] }
        }
        for (_, about) in Dictionary(grouping: demands, by: \.condition.subject)
            .sorted(by: { $0.key < $1.key })
        where about.count > 1 && neverHold(about) {
            return about
        }
        return nil
    }

    /// Of demands about one thing.
    private func neverHold(_ demands: [Demand]) -> Bool {
        switch demands[0].condition {
        case .tls:
            return Set(
                demands.compactMap { demand -> Bool? in
                    guard case .tls(let isWanted) = demand.condition else { return nil }
                    return isWanted != demand.isNegated
                }
            ).count > 1
        case .number(let fact, _):
            return NumberReach.isEmpty(demands, of: fact, mailBytesMax: mailBytesMax)
        case .verdict: return VerdictReach.isEmpty(demands)
        case .time: return TimeReach.isEmpty(demands)
        case .peer: return PeerReach.isEmpty(demands)
        case .text(let fact, _): return TextReach.isEmpty(demands, ofOne: fact.isOne)
        case .all, .any, .not, .attachment: return false
        }
    }
}

extension RuleCondition {
    /// What it asks about: conditions with one subject are asked of one thing. Empty for groups.
    fileprivate var subject: String {
        switch self {
        case .all, .any, .not: ""
        case .text(let fact, _): "text \(fact)"
        case .attachment: "attachment"
        case .number(let fact, _): "number \(fact)"
        case .peer: "peer"
        case .tls: "tls"
        case .verdict(let fact, _): "verdict \(fact)"
        case .time(let window): "time \(window.zone)"
        }
    }
}

extension TextFact {
    /// Whether a mail has one text of it at most.
    fileprivate var isOne: Bool {
        switch self {
        case .mailFrom, .helo, .peerName, .tlsVersion, .body, .dmarcPolicy: true
        case .recipient, .header, .subject, .from, .to, .cc, .fromDomain, .dkimDomain: false
        }
    }
}

extension [AttachmentTest] {
    /// Whether some attachment may pass all of them.
    fileprivate var canPass: Bool {
        allSatisfy { test in
            switch test {
            case .name(let tests), .type(let tests): !TextReach.isEmpty([tests])
            case .sha256: true
            case .size(let tests):
                !NumberReach(tests: tests, isWhole: true, bytesMax: nil).isEmpty
            }
        }
    }
}
