import Crypto
package import MailModel

/// The rules of one set, indexed for look-ups by recipient: an immutable snapshot that admission
/// and evaluation share.
///
/// Pure, total and deterministic: the same facts and standings give the same evaluation. Finding
/// the rules of a recipient costs one look-up for each of its domain's labels, and only those with
/// wildcards and expressions are walked. A class, since every mail at work holds it.
package final class RuleEvaluator: Sendable {
    package let ruleSet: ReceiptRuleSet
    /// Names the set's content: the first 16 hexadecimal digits of the SHA-256 of its canonical
    /// JSON, so the same rules give the same version.
    package let version: String

    /// What of a mail its enabled rules ask for.
    package let needs: MailFacts.Needs

    /// Positions of enabled rules, by their recipients.
    private let byRecipient: RecipientIndex
    private let forAll: [Int]
    /// Positions of rules that scan, or ask for what a scan shows.
    private let scanning: Set<Int>
    /// Positions of rules of which some action has something filled in.
    let templated: Set<Int>
    /// What is asked before the 250.
    let deciding: [Int: DecidingRule]
    let lists: [String: RecipientIndex]
    private let sieve: RuleSieve

    package init(ruleSet: ReceiptRuleSet) {
        self.ruleSet = ruleSet
        let digest = SHA256.hash(data: Array(ruleSet.canonicalJSON.utf8))
        version = Hexadecimal.text(digest.prefix(8))
        needs = ruleSet.rules.filter(\.isEnabled).reduce(into: []) { needs, rule in
            needs.formUnion(rule.needs)
        }
        let rules = ruleSet.rules
        scanning = Set(
            rules.indices.filter {
                rules[$0].isScanEnabled || rules[$0].needs.contains(.screening)
            })
        templated = Set(rules.indices.filter { rules[$0].actions.contains(where: \.isFilled) })
        deciding = DecidingRule.all(of: rules)
        sieve = RuleSieve(rules)
        lists = (ruleSet.lists ?? [:]).mapValues { entries in
            entries.reduce(into: RecipientIndex()) { $0.insert($1, 0) }
        }
        let enabled = rules.indices.filter { rules[$0].isEnabled }
        forAll = enabled.filter { rules[$0].recipients.isEmpty }
        byRecipient = enabled.reduce(into: RecipientIndex()) { found, index in
            for condition in rules[index].recipients { found.insert(condition, index) }
        }
    }

    // MARK: Admission

    package enum Answer: Sendable, Equatable {
        /// Some enabled rule takes the recipient as it comes; one that refuses mails takes none.
        case taken
        /// Every rule that matches wants TLS, and it comes without.
        case tlsRequired
        /// No enabled rule that takes mails matches.
        case unknown
    }

    /// Whether some enabled rule takes `recipient`.
    package func admits(_ recipient: Mailbox, isTLS: Bool) -> Answer {
        let matching = rules(for: recipient).filter { deciding[$0]?.rejects != true }
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
                scanning.contains(index)
                    && (facts.isTLS || ruleSet.rules[index].tlsPolicy == .optional)
            }
        }
    }

    /// Positions of the enabled rules with a condition that `recipient` meets; unordered, with
    /// repetition.
    func rules(for recipient: Mailbox) -> [Int] {
        forAll + byRecipient.numbers(of: recipient)
    }

    // MARK: Evaluation

    /// Recipients of a mail whose rules are asked for each of them: more come in another mail.
    package static let recipientsMax = 1_000

    /// Whom the rules are asked for, one walk after another: `[nil]` where that is once for all
    /// recipients, else each of them, once.
    package func walks(of facts: MailFacts) -> [Mailbox?] {
        guard ruleSet.isPerRecipient else { return [nil] }
        var seen: Set<Mailbox> = []
        return facts.recipients.filter { seen.insert($0).inserted }
    }

    /// What `facts` come to, where `standing` says how far each action has come; nil for one that
    /// was never tried. `recipient`: one of `walks`, for whom the mail is then as if it had come for
    /// nobody else.
    package func evaluate(
        _ facts: MailFacts, for recipient: Mailbox? = nil,
        standing: (ActionKey) -> ActionStanding?
    ) -> Evaluation {
        walk(facts.seen(by: recipient), for: recipient, standing: standing).evaluation
    }

    /// One pass over the rules that some recipient meets; `recipient`: whose walk it is.
    func walk(
        _ facts: MailFacts, for recipient: Mailbox?, isDryRun: Bool = false,
        isTraced: Bool = false, standing: (ActionKey) -> ActionStanding?
    ) -> RuleWalk {
        var walk = RuleWalk(
            facts, for: recipient, lists: lists, isDryRun: isDryRun, isTraced: isTraced)
        // Rule and recipient in one number; who meets two conditions of a rule stands there twice.
        let count = facts.recipients.count
        var meetings: [Int] = []
        for (number, recipient) in facts.recipients.enumerated() {
            meetings += rules(for: recipient).map { $0 * count + number }
        }
        meetings.sort()
        var place = 0
        while place < meetings.count {
            let first = place
            let index = meetings[first] / count
            while place < meetings.count, meetings[place] / count == index { place += 1 }
            if walk.passesBy(index, by: sieve) { continue }
            var numbers: [Int] = []
            for meeting in meetings[first..<place] where numbers.last != meeting % count {
                numbers.append(meeting % count)
            }
            walk.visit(
                ruleSet.rules[index], at: index, recipients: numbers.map { facts.recipients[$0] },
                isFilled: templated.contains(index), standing: standing)
        }
        return walk
    }
}
