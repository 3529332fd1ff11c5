import Crypto
package import MailModel

/// The rules of one set, indexed for look-ups by recipient: an immutable snapshot that admission
/// and evaluation share.
///
/// Pure, total and deterministic: the same facts and standings give the same evaluation. Finding
/// the rules of a recipient costs one look-up for each of its domain's labels, and only those with
/// wildcards and expressions are walked.
package struct RuleEvaluator: Sendable {
    package let ruleSet: ReceiptRuleSet
    /// Names the set's content: the first 16 hexadecimal digits of the SHA-256 of its canonical
    /// JSON, so the same rules give the same version.
    package let version: String

    /// What of a mail its enabled rules ask for.
    package let needs: MailFacts.Needs

    /// Positions of enabled rules, by what their conditions name.
    private var byAddress: [String: [Int]] = [:]
    private var byDomain: [String: [Int]] = [:]
    private var byParent: [String: [Int]] = [:]
    private var forAll: [Int] = []
    /// Each of these is asked of each recipient.
    private var patterned: [(condition: RecipientCondition, index: Int)] = []

    package init(ruleSet: ReceiptRuleSet) {
        self.ruleSet = ruleSet
        let digest = SHA256.hash(data: Array(ruleSet.canonicalJSON.utf8))
        version = Hexadecimal.text(digest.prefix(8))
        needs = ruleSet.rules.filter(\.isEnabled).reduce(into: []) { needs, rule in
            needs.formUnion(rule.needs)
        }
        for (index, rule) in ruleSet.rules.enumerated() where rule.isEnabled {
            if rule.recipients.isEmpty { forAll.append(index) }
            for condition in rule.recipients {
                switch condition {
                case .address(let localPart, let domain):
                    byAddress["\(localPart)@\(domain)", default: []].append(index)
                case .domain(let domain): byDomain[domain, default: []].append(index)
                case .subdomains(let parent): byParent[parent, default: []].append(index)
                case .like, .matches: patterned.append((condition, index))
                }
            }
        }
    }

    // MARK: Admission

    package enum Answer: Sendable, Equatable {
        /// Some enabled rule takes the recipient as it comes.
        case taken
        /// Every rule that matches wants TLS, and it comes without.
        case tlsRequired
        /// No enabled rule matches.
        case unknown
    }

    /// Whether some enabled rule takes `recipient`.
    package func admits(_ recipient: Mailbox, isTLS: Bool) -> Answer {
        let matching = rules(for: recipient)
        guard !matching.isEmpty else { return .unknown }
        let isTaken = isTLS || matching.contains { ruleSet.rules[$0].tlsPolicy == .optional }
        return isTaken ? .taken : .tlsRequired
    }

    /// Whether some enabled rule that takes a recipient of the mail scans, or asks for what a scan
    /// shows. SES: `ScanEnabled`. One that a stop or a condition keeps from being reached counts, too:
    /// that is not known before the actions run.
    package func scans(_ facts: MailFacts) -> Bool {
        facts.recipients.contains { recipient in
            rules(for: recipient).contains { index in
                let rule = ruleSet.rules[index]
                let isScanned =
                    rule.isScanEnabled || rule.needs.contains(.screening)
                return isScanned && (facts.isTLS || rule.tlsPolicy == .optional)
            }
        }
    }

    /// Positions of the enabled rules with a condition that `recipient` meets; unordered, with
    /// repetition.
    private func rules(for recipient: Mailbox) -> [Int] {
        var found = forAll
        let domain = recipient.domain.ascii
        if !byAddress.isEmpty {
            found += byAddress["\(recipient.foldedLocalPart)@\(domain)"] ?? []
            if let plain = recipient.localPartWithoutLabel {
                found += byAddress["\(plain)@\(domain)"] ?? []
            }
        }
        found += byDomain[domain] ?? []
        if !byParent.isEmpty {
            var rest = Substring(domain)
            while let dot = rest.firstIndex(of: ".") {
                rest = rest[rest.index(after: dot)...]
                found += byParent[String(rest)] ?? []
            }
        }
        found += patterned.filter { $0.condition.matches(recipient) }.map(\.index)
        return found
    }

    // MARK: Evaluation

    /// What `facts` come to, where `standing` says how far each action has come; nil for one that
    /// was never tried.
    package func evaluate(
        _ facts: MailFacts, standing: (ActionKey) -> ActionStanding?
    ) -> Evaluation {
        walk(facts, standing: standing).evaluation
    }

    /// One pass over the rules that some recipient meets.
    func walk(
        _ facts: MailFacts, isDryRun: Bool = false, isTraced: Bool = false,
        standing: (ActionKey) -> ActionStanding?
    ) -> RuleWalk {
        var matched: [Int: [Mailbox]] = [:]
        for recipient in facts.recipients {
            for index in Set(rules(for: recipient)) {
                matched[index, default: []].append(recipient)
            }
        }
        var walk = RuleWalk(facts, isDryRun: isDryRun, isTraced: isTraced)
        for index in matched.keys.sorted() {
            walk.visit(
                ruleSet.rules[index], at: index, recipients: matched[index] ?? [],
                standing: standing)
        }
        return walk
    }
}
