import MailModel

/// Conditions on addresses, each with a number, made ready for look-ups: finding those that an
/// address meets costs one look-up for each label of its domain, and only those with wildcards and
/// expressions are walked.
struct RecipientIndex: Sendable {
    private var byAddress: [String: [Int]] = [:]
    private var byDomain: [String: [Int]] = [:]
    private var byParent: [String: [Int]] = [:]
    private var patterned: [(condition: RecipientCondition, number: Int)] = []

    mutating func insert(_ condition: RecipientCondition, _ number: Int) {
        switch condition {
        case .address(let localPart, let domain):
            byAddress["\(localPart)@\(domain)", default: []].append(number)
        case .domain(let domain): byDomain[domain, default: []].append(number)
        case .subdomains(let parent): byParent[parent, default: []].append(number)
        case .like, .matches: patterned.append((condition, number))
        }
    }

    /// Whether `mailbox` meets any of the conditions.
    func has(_ mailbox: Mailbox) -> Bool {
        if hasDomain(mailbox.domain.ascii) || !numbersByAddress(of: mailbox).isEmpty { return true }
        let address = FactText(mailbox.wireText)
        return patterned.contains { $0.condition.matches(address) }
    }

    /// Whether every address at `domain` meets one.
    func hasDomain(_ domain: String) -> Bool { !numbers(ofDomain: domain).isEmpty }

    /// The numbers of the conditions that `mailbox` meets; unordered, with repetition.
    func numbers(of mailbox: Mailbox) -> [Int] {
        let found = numbers(ofDomain: mailbox.domain.ascii) + numbersByAddress(of: mailbox)
        guard !patterned.isEmpty else { return found }
        let address = FactText(mailbox.wireText)
        return found + patterned.filter { $0.condition.matches(address) }.map(\.number)
    }

    private func numbersByAddress(of mailbox: Mailbox) -> [Int] {
        guard !byAddress.isEmpty else { return [] }
        let domain = mailbox.domain.ascii
        var found = byAddress["\(mailbox.foldedLocalPart)@\(domain)"] ?? []
        if let plain = mailbox.localPartWithoutLabel {
            found += byAddress["\(plain)@\(domain)"] ?? []
        }
        return found
    }

    private func numbers(ofDomain domain: String) -> [Int] {
        var found = byDomain[domain] ?? []
        guard !byParent.isEmpty else { return found }
        var rest = Substring(domain)
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            found += byParent[String(rest)] ?? []
        }
        return found
    }
}

extension RecipientCondition {
    /// Whether the whole of `address` is as a wildcard or expression wants it.
    func matches(_ address: FactText) -> Bool {
        switch self {
        case .like(let wildcard): wildcard.matches(address.folded)
        case .matches(let pattern): pattern.firstMatch(in: address.text) != nil
        case .address, .domain, .subdomains: false
        }
    }
}
