/// Rules that end what comes of every mail that they take (or refuse it), made ready for the question
/// whether they leave a later rule anything.
struct EndingRules {
    /// Positions of the rules that take whoever is met by a condition, in order.
    private var byCondition: [RecipientCondition: [Int]] = [:]
    /// Of those that take everybody.
    private var forAll: [Int] = []
    private var demands: [Int: Demands] = [:]
    /// A rule that keeps mails from being refused, and may let them go on.
    private var mayKeep = false

    /// What a rule asks beside its recipients.
    private struct Demands {
        let when: Set<RuleCondition>
        let unless: Set<RuleCondition>
        let takesUnknown: Bool
        let asksForRecipient: Bool

        init(_ rule: ReceiptRule) {
            when = Set(rule.conditions?.when ?? [])
            unless = Set(rule.conditions?.unless ?? [])
            takesUnknown = rule.conditions?.whenUnknown == .take
            asksForRecipient = when.union(unless).contains(where: \.asksForRecipient)
        }

        /// Whether a mail of which all of `later` hold meets these, too.
        func areMet(by later: Demands) -> Bool {
            when.isSubset(of: later.when) && unless.isSubset(of: later.unless)
                && (takesUnknown || !later.takesUnknown || when.isEmpty && unless.isEmpty)
        }
    }

    /// Takes in the rule at `index`, behind all that were taken in before.
    mutating func insert(_ rule: ReceiptRule, at index: Int) {
        guard rule.rejects ? refusesAll(rule) : rule.sureEnd != nil else {
            if rule.keeps { mayKeep = true }
            return
        }
        if rule.keeps, rule.conditions != nil { mayKeep = true }
        demands[index] = Demands(rule)
        if rule.recipients.isEmpty { forAll.append(index) }
        for condition in rule.recipients {
            if let plain = condition.plain {
                byCondition[plain, default: []].append(index)
            } else {
                forAll.append(index)
            }
        }
    }

    /// Whether whatever is for its recipients is refused, but for those who never are. What an earlier
    /// rule keeps from it by a condition may go on: what conditions ask may be known better later.
    private func refusesAll(_ rule: ReceiptRule) -> Bool {
        rule.conditions == nil && !rule.actions.contains(where: \.asks) && !mayKeep
    }

    /// The positions of those that together leave `rule` nothing; nil where something is left.
    func covering(_ rule: ReceiptRule, among rules: [ReceiptRule]) -> [Int]? {
        let later = Demands(rule)
        var answers: [Int: Bool] = [:]
        func isMet(_ index: Int, by recipient: RecipientCondition?) -> Bool {
            let earlier = rules[index]
            if earlier.rejects, recipient?.mayBeNeverRefused != false { return false }
            if let known = answers[index] { return known }
            let isMet =
                (earlier.tlsPolicy == .optional || rule.tlsPolicy == .require)
                && demands[index]?.areMet(by: later) == true
                // The same question of other recipients may have another answer.
                && (demands[index]?.asksForRecipient == false
                    || Set(earlier.recipients) == Set(rule.recipients))
            answers[index] = isMet
            return isMet
        }
        var found: Set<Int> = []
        let recipients: [RecipientCondition?] = rule.recipients.isEmpty ? [nil] : rule.recipients
        for recipient in recipients {
            let candidates = [forAll] + (recipient?.covers.compactMap { byCondition[$0] } ?? [])
            guard let index = candidates.joined().first(where: { isMet($0, by: recipient) }) else {
                return nil
            }
            found.insert(index)
        }
        return found.sorted()
    }
}

extension RuleCondition {
    fileprivate var asksForRecipient: Bool {
        switch self {
        case .all(let members), .any(let members): members.contains(where: \.asksForRecipient)
        case .not(let member): member.asksForRecipient
        case .text(let fact, _): fact == .recipient
        case .attachment, .number, .peer, .tls, .verdict, .time: false
        }
    }
}

extension RecipientCondition {
    /// The same as a domain, where a wildcard means one; nil where it means everybody.
    fileprivate var plain: RecipientCondition? {
        guard case .like(let wildcard) = self, wildcard.text.hasPrefix("*@") else { return self }
        let domain = wildcard.text.dropFirst(2)
        if domain == "*" { return nil }
        if domain.hasPrefix("*."), !domain.dropFirst(2).contains("*"), domain.count > 2 {
            return .subdomains(of: String(domain.dropFirst(2)))
        }
        return domain.contains("*") || domain.contains("@") ? self : .domain(String(domain))
    }

    /// Conditions that each mean everybody whom this one means, as `plain` writes them.
    fileprivate var covers: [RecipientCondition] {
        guard let plain else { return [] }
        switch plain {
        case .address(let localPart, let domain):
            // One with a label means that label only.
            let stem = localPart.prefix { $0 != "+" }
            let isLabelled = stem.count < localPart.count && !stem.isEmpty
            return [plain]
                + (isLabelled ? [.address(localPart: String(stem), domain: domain)] : [])
                + Self.covers(ofDomain: domain)
        case .domain(let domain): return Self.covers(ofDomain: domain)
        case .subdomains(let parent): return [plain] + Self.parents(of: parent)
        case .like(let wildcard):
            // The end of an address behind the last star.
            let end = wildcard.text.split(separator: "*", omittingEmptySubsequences: false).last
            guard let end else { return [plain] }
            guard let at = end.lastIndex(of: "@") else {
                return [plain] + Self.parents(of: String(end))
            }
            return [plain] + Self.covers(ofDomain: String(end[end.index(after: at)...]))
        case .matches: return [plain]
        }
    }

    private static func covers(ofDomain domain: String) -> [RecipientCondition] {
        [.domain(domain)] + parents(of: domain)
    }

    private static func parents(of domain: String) -> [RecipientCondition] {
        var parents: [RecipientCondition] = []
        var rest = Substring(domain)
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            parents.append(.subdomains(of: String(rest)))
        }
        return parents
    }

    /// Bytes of the shortest text before an `@` that may be a return path's.
    private static let returnPathBytesMin = 40

    /// Whether somebody whose mail is never refused may be meant: postmaster, abuse, a return path.
    fileprivate var mayBeNeverRefused: Bool {
        guard case .address(let localPart, _) = self else { return true }
        return ["postmaster", "abuse"].contains(localPart)
            || localPart.utf8.count >= Self.returnPathBytesMin
    }
}
