import MailModel

/// The answer to a condition.
package enum ConditionAnswer: String, Sendable, Hashable, Codable {
    case yes, no
    /// A fact that it rests on could not be had.
    case unknown

    init(_ isYes: Bool) { self = isYes ? .yes : .no }
}

/// What a condition that asks for the recipient makes of one: the named groups that its expressions
/// took, nil where it does not hold.
struct RecipientAnswer: Sendable, Equatable {
    var taken: [String: String]?

    /// With the groups called one of `names` alone.
    func naming(_ names: Set<String>) -> RecipientAnswer {
        RecipientAnswer(taken: taken?.filter { names.contains($0.key) })
    }
}

/// Asks the conditions of rules about one mail, and says what of it their templates want. What decides
/// already ends a group: later members are not asked.
struct ConditionWalk {
    private var reader: FactReader
    private var sieved: SievedMail
    private let lists: [String: RecipientIndex]
    /// What the named groups of expressions took, of the rule that is asked.
    private var captures: [String: String] = [:]
    /// What was asked of the rule, in order; nil where nobody wants to know.
    private(set) var asked: [RuleTrace.Condition]?
    /// What the condition that was answered last was asked of; only where somebody wants to know.
    private var shown = ""
    /// What was asked of the recipient so far, in order: first by the rule's `recipients`. Two of whom
    /// a rule's conditions say the same here have one answer from it, whatever else comes of the mail.
    private(set) var recipientAnswers: [RecipientAnswer] = []
    private var depth = 0

    init(_ facts: MailFacts, lists: [String: RecipientIndex], isTraced: Bool) {
        reader = FactReader(facts)
        sieved = SievedMail(facts)
        self.lists = lists
        asked = isTraced ? [] : nil
    }

    /// Whether what the rule at `position` asks cannot hold; only where nobody wants to know why.
    mutating func isRuledOut(_ position: Int, by sieve: RuleSieve) -> Bool {
        asked == nil && sieve.rulesOut(position, &sieved, &reader)
    }

    /// Turns to `rule`, which is to take the mail for `recipients`.
    mutating func begin(_ rule: ReceiptRule, recipients: [Mailbox], isFilled: Bool) {
        reader.recipients = recipients
        if asked != nil { asked = [] }
        captures = [:]
        recipientAnswers.removeAll(keepingCapacity: true)
        defer { recipientAnswers.append(RecipientAnswer(taken: captures)) }
        guard isFilled, let first = recipients.first else { return }
        for case .matches(let pattern) in rule.recipients where !pattern.names.isEmpty {
            let taken = pattern.firstMatch(in: first.wireText) ?? [:]
            captures.merge(taken) { first, _ in first }
        }
    }

    /// What `name` stands for in a template of the rule; nil where the mail has no such thing.
    mutating func value(of name: String) -> String? {
        captures[name] ?? TemplateFact(rawValue: name)?.value(&reader)
    }

    /// Whether its rule takes the mail.
    mutating func holds(_ conditions: RuleConditions) -> Bool {
        let answer = answer(to: conditions)
        return answer == .yes || answer == .unknown && conditions.whenUnknown == .take
    }

    /// The same, where what is not known yet is not decided.
    mutating func answer(to conditions: RuleConditions) -> ConditionAnswer {
        var answer = all(conditions.when)
        for condition in conditions.unless where answer != .no {
            answer = Self.both(answer, ask(condition, isNegated: true))
        }
        return answer
    }

    private static func both(_ left: ConditionAnswer, _ right: ConditionAnswer) -> ConditionAnswer {
        if left == .no || right == .no { return .no }
        return left == .unknown || right == .unknown ? .unknown : .yes
    }

    private mutating func all(_ conditions: [RuleCondition]) -> ConditionAnswer {
        var answer = ConditionAnswer.yes
        for condition in conditions where answer != .no {
            answer = Self.both(answer, ask(condition))
        }
        return answer
    }

    private mutating func any(_ conditions: [RuleCondition]) -> ConditionAnswer {
        var answer = ConditionAnswer.no
        for condition in conditions where answer != .yes {
            switch ask(condition) {
            case .yes: answer = .yes
            case .unknown: answer = .unknown
            case .no: break
            }
        }
        return answer
    }

    /// `isNegated`: the answer wanted is the opposite, and what it took is nobody's.
    private mutating func ask(
        _ condition: RuleCondition, isNegated: Bool = false
    ) -> ConditionAnswer {
        let kept = captures
        let place = note(condition, isNegated: isNegated)
        var answer = answer(condition)
        // What a branch took counts where the branch does.
        if isNegated || answer != .yes { captures = kept }
        if isNegated { answer = answer == .unknown ? .unknown : ConditionAnswer(answer == .no) }
        if let place {
            asked?[place].value = shown
            asked?[place].answer = answer
        }
        return answer
    }

    private mutating func note(_ condition: RuleCondition, isNegated: Bool) -> Int? {
        guard let place = asked?.count else { return nil }
        let text = isNegated ? "not: \(condition.text)" : condition.text
        asked?.append(
            RuleTrace.Condition(text: text, value: "", answer: .no, depth: depth))
        return place
    }

    private mutating func show(_ text: @autoclosure () -> String) {
        if asked != nil { shown = text() }
    }

    private mutating func answer(_ condition: RuleCondition) -> ConditionAnswer {
        switch condition {
        case .all(let members): return group { $0.all(members) }
        case .any(let members): return group { $0.any(members) }
        case .not(let member): return group { $0.ask(member, isNegated: true) }
        case .text(let fact, let tests): return texts(fact, tests)
        case .attachment(let tests): return attachments(tests)
        case .number(let fact, let tests):
            return known(reader.number(fact), \.plainText) { number in
                ConditionAnswer(tests.allSatisfy { $0.holds(for: number) })
            }
        case .peer(let blocks):
            return known(reader.facts.peerAddress, \.description) { address in
                ConditionAnswer(blocks.contains { $0.contains(address) })
            }
        case .tls(let isWanted):
            let isTLS = reader.facts.isTLS
            show(isTLS ? "tls" : "plaintext")
            return ConditionAnswer(isTLS == isWanted)
        case .verdict(let fact, let wanted):
            return known(reader.verdict(fact), \.rawValue) { verdict in
                // That it could not be found out is an answer to who asks for it, and none to others.
                let isOpen = verdict == .processingFailed && !wanted.contains(.processingFailed)
                return isOpen ? .unknown : ConditionAnswer(wanted.contains(verdict))
            }
        case .time(let window):
            return known(reader.facts.receivedAt, \.iso8601Text) { time in
                window.contains(time).map { ConditionAnswer($0) } ?? .unknown
            }
        }
    }

    private mutating func group(
        _ ask: (inout ConditionWalk) -> ConditionAnswer
    ) -> ConditionAnswer {
        depth += 1
        let answer = ask(&self)
        depth -= 1
        show("")
        return answer
    }

    private mutating func known<Value>(
        _ fact: Fact<Value>, _ text: (Value) -> String, _ answer: (Value) -> ConditionAnswer
    ) -> ConditionAnswer {
        switch fact {
        case .known(let value):
            show(text(value))
            return answer(value)
        case .unknown(let reason): return unknown(reason)
        }
    }

    private mutating func unknown(_ reason: String) -> ConditionAnswer {
        show("unknown: \(reason)")
        return .unknown
    }

    // MARK: Texts

    private mutating func texts(_ fact: TextFact, _ tests: [TextTest]) -> ConditionAnswer {
        let texts = reader.texts(of: fact)
        var answer = RecipientAnswer(taken: nil)
        defer { if case .recipient = fact { recipientAnswers.append(answer) } }
        if tests.areAbsence, let known = texts.known.first {
            show(Self.shown([known]))
            return .no
        }
        for text in texts.known {
            guard let taken = text.taken(by: tests, lists) else { continue }
            answer.taken = taken
            if !taken.isEmpty { captures.merge(taken) { first, _ in first } }
            show(Self.shown([text]))
            return .yes
        }
        if let reason = texts.unknownBecause { return unknown(reason) }
        show(Self.shown(texts.known))
        return ConditionAnswer(tests.areAbsence)
    }

    /// Characters of a value that a trace shows.
    private static let shownMax = 120

    private static func shown(_ texts: [FactText]) -> String {
        guard !texts.isEmpty else { return "absent" }
        let text = texts.map { "“\(line($0.text))”" }.joined(separator: ", ")
        return text.count > shownMax ? "\(text.prefix(shownMax))…" : text
    }

    /// The beginning of a text on one line.
    private static func line(_ text: String) -> String {
        let words = text.prefix(shownMax).split { $0.isWhitespace || $0.isNewline }
        return words.joined(separator: " ")
    }

    // MARK: Attachments

    private mutating func attachments(_ tests: [AttachmentTest]) -> ConditionAnswer {
        switch reader.facts.attachments {
        case .unknown(let reason): return unknown(reason)
        case .known(let attachments):
            for attachment in attachments.list {
                var taken: [String: String] = [:]
                let isFound = tests.allSatisfy { test in
                    guard let more = test.taken(of: attachment) else { return false }
                    taken.merge(more) { first, _ in first }
                    return true
                }
                guard isFound else { continue }
                captures.merge(taken) { first, _ in first }
                show(Self.shown([FactText(attachment.shownName)]))
                return .yes
            }
            guard !attachments.isCut else { return unknown(MailFacts.Attachments.cutReason) }
            show(Self.shown(attachments.list.prefix(10).map { FactText($0.shownName) }))
            return .no
        }
    }
}

extension [TextTest] {
    /// Whether all that is asked is that there is none.
    fileprivate var areAbsence: Bool {
        if count == 1, case .exists(false) = self[0] { true } else { false }
    }
}

extension FactText {
    /// What the expressions among `tests` took of it; nil where it does not pass all of them.
    func taken(
        by tests: [TextTest], _ lists: [String: RecipientIndex] = [:]
    ) -> [String: String]? {
        var taken: [String: String] = [:]
        for test in tests {
            guard let more = self.taken(by: test, lists) else { return nil }
            if !more.isEmpty { taken.merge(more) { first, _ in first } }
        }
        return taken
    }

    private func taken(
        by test: TextTest, _ lists: [String: RecipientIndex]
    ) -> [String: String]? {
        let isHeld: Bool
        switch test {
        case .exists(let isWanted): isHeld = isWanted
        case .equals(let operands):
            isHeld = operands.contains { folded.elementsEqual($0.utf8) }
        case .startsWith(let operands):
            isHeld = operands.contains { folded.starts(with: $0.utf8) }
        case .endsWith(let operands):
            isHeld = operands.contains { folded.suffix($0.utf8.count).elementsEqual($0.utf8) }
        case .contains(let operands):
            isHeld = operands.contains { folded[...].firstRange(of: Array($0.utf8)[...]) != nil }
        case .like(let wildcards): isHeld = wildcards.contains { $0.matches(folded) }
        case .listed(let names):
            isHeld = names.contains { lists[$0].map(isListed) ?? false }
        case .matches(let patterns):
            for pattern in patterns {
                if let taken = pattern.firstMatch(in: text) { return taken }
            }
            return nil
        }
        return isHeld ? [:] : nil
    }

    /// An address by its parts, a domain by the entries that mean all of its addresses.
    private func isListed(in list: RecipientIndex) -> Bool {
        guard text.contains("@") else {
            return list.hasDomain(text.lowercased())
        }
        return Mailbox(text).map { list.has($0) } ?? false
    }
}

extension AttachmentTest {
    /// What the expressions in it took; nil where `attachment` does not pass.
    fileprivate func taken(of attachment: MIMEAttachment) -> [String: String]? {
        switch self {
        case .name(let tests):
            if attachment.names.isEmpty { return tests.areAbsence ? [:] : nil }
            for name in attachment.names {
                if let taken = FactText(name.value).taken(by: tests) { return taken }
            }
            return nil
        case .type(let tests):
            guard let type = attachment.seenType ?? attachment.declaredType else {
                return tests.areAbsence ? [:] : nil
            }
            return FactText(type).taken(by: tests)
        case .sha256(let digests):
            return digests.contains(Hexadecimal.text(attachment.sha256)) ? [:] : nil
        case .size(let tests):
            return tests.allSatisfy { $0.holds(for: Double(attachment.size)) } ? [:] : nil
        }
    }
}

extension MIMEAttachment {
    fileprivate var shownName: String { fileName ?? seenType ?? declaredType ?? "without a name" }
}
