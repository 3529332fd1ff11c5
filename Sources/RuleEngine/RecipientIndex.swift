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

    /// The numbers of the conditions that `mailbox` meets; unordered, with repetition.
    func numbers(of mailbox: Mailbox) -> [Int] {
        var found = numbers(ofDomain: mailbox.domain.ascii)
        if !byAddress.isEmpty {
            let domain = mailbox.domain.ascii
            found += byAddress["\(mailbox.foldedLocalPart)@\(domain)"] ?? []
            if let plain = mailbox.localPartWithoutLabel {
                found += byAddress["\(plain)@\(domain)"] ?? []
            }
        }
        return found + patterned.filter { $0.condition.matches(mailbox) }.map(\.number)
    }

    /// The numbers of the conditions that every address at `domain` meets.
    func numbers(ofDomain domain: String) -> [Int] {
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
