import MailModel

/// One pass over the rules that a mail meets, in order: what may run now, what waits, and where
/// the evaluation stopped. What holds what back: docs/decisions/0004-a-held-stop-holds.md.
struct RuleWalk {
    struct Visit {
        var rule: Int
        var answer: RuleTrace.Answer
        var recipients: [Mailbox]
        /// What was asked beside the recipients and TLS; empty where nobody traces.
        var conditions: [RuleTrace.Condition] = []
        /// The actions as they are done with this mail, as far as they were reached, with those that
        /// handlers asked for behind them.
        var actions: [Reached] = []
    }

    struct Reached {
        var key: ActionKey
        var action: ReceiptAction
        /// `next`, `held`, …
        var standing: String
    }

    private(set) var visits: [Visit] = []
    /// Some rule took the mail; one that refuses mails took none.
    private var isTaken = false
    private var next: [PlannedAction] = []
    private var isWaiting = false
    private var isStopped = false
    /// A steering action is still open: later rules wait for its answer.
    private var areLaterRulesHeld = false
    private var addedHeaders: [String] = []
    private var removedHeaders: [String] = []
    private var tags: [MailTag] = []
    /// Whose walk it is; nil: everybody's.
    private let recipient: Mailbox?
    private let isTLS: Bool
    private var conditions: ConditionWalk
    /// Nothing has been done: only the words of the standings differ.
    private let isDryRun: Bool
    /// Somebody wants to know the visits; else none is kept.
    private let isTraced: Bool

    init(
        _ facts: MailFacts, for recipient: Mailbox?, lists: [String: RecipientIndex],
        isDryRun: Bool, isTraced: Bool
    ) {
        self.recipient = recipient
        isTLS = facts.isTLS
        conditions = ConditionWalk(facts, lists: lists, isTraced: isTraced)
        self.isDryRun = isDryRun
        self.isTraced = isTraced
    }

    var evaluation: Evaluation {
        Evaluation(
            next: next, isTaken: isTaken, isFinished: !isWaiting)
    }

    /// Whether a visit would come to nothing, and nobody wants to know why.
    mutating func passesBy(_ position: Int, by sieve: RuleSieve) -> Bool {
        conditions.isRuledOut(position, by: sieve)
    }

    /// `isFilled`: some action of the rule has something filled in.
    mutating func visit(
        _ rule: ReceiptRule, at index: Int, recipients: [Mailbox], isFilled: Bool,
        standing: (ActionKey) -> ActionStanding?
    ) {
        var visit = Visit(rule: index, answer: .took, recipients: recipients)
        defer { if isTraced { visits.append(visit) } }
        if rule.tlsPolicy == .require, !isTLS {
            visit.answer = .plaintext
            return
        }
        if isStopped {
            visit.answer = .stopped
            return
        }
        if areLaterRulesHeld {
            visit.answer = .waiting
            isWaiting = true
            return
        }
        conditions.begin(rule, recipients: recipients, isFilled: isFilled)
        if let asked = rule.conditions {
            let isTaken = conditions.holds(asked)
            visit.conditions = conditions.asked ?? []
            guard isTaken else {
                visit.answer = .conditions
                return
            }
        }
        if !rule.rejects { isTaken = true }
        var isHeld = false
        for (position, action) in rule.actions.enumerated() {
            let key = ActionKey(rule: rule.name, position: position, recipient: recipient)
            let action = isFilled ? action.filled { conditions.value(of: $0) } : action
            let isOver = reach(
                action, key, of: rule, in: &visit, isHeld: &isHeld, standing: standing)
            if isOver { break }
        }
    }

    /// Comes to `action` and then to what it asked for; says whether the rule ends here.
    private mutating func reach(
        _ action: ReceiptAction, _ key: ActionKey, of rule: ReceiptRule, in visit: inout Visit,
        isHeld: inout Bool, standing: (ActionKey) -> ActionStanding?
    ) -> Bool {
        // As with a header: nothing before it can change whether it is reached.
        if case .tag(let name, let value) = action { add(MailTag(name: name, value: value)) }
        let step = step(
            PlannedAction(
                key: key, action: action, recipients: visit.recipients, addedHeaders: addedHeaders,
                removedHeaders: removedHeaders, tags: tags, isScanEnabled: rule.isScanEnabled),
            isHeld: &isHeld, standing: standing)
        visit.actions.append(Reached(key: key, action: action, standing: step.standing))
        var isOver = false
        for (place, asked) in step.asks.enumerated() {
            let key = ActionKey(
                rule: key.rule, position: key.position, asked: place + 1, recipient: key.recipient)
            if isOver {
                visit.actions.append(
                    Reached(key: key, action: asked, standing: RuleTrace.Action.notReached))
            } else {
                isOver = reach(
                    asked, key, of: rule, in: &visit, isHeld: &isHeld, standing: standing)
            }
        }
        if step.endsSet { isStopped = true }
        return isOver || step.endsRule
    }

    private struct Step {
        var standing: String
        /// What a handler asked for, which comes before the rule or the set ends.
        var asks: [ReceiptAction] = []
        var endsRule = false
        var endsSet = false
    }

    private mutating func step(
        _ planned: PlannedAction, isHeld: inout Bool,
        standing: (ActionKey) -> ActionStanding?
    ) -> Step {
        switch planned.action {
        case .addHeader(let name, let value):
            // Pure, and what holds before it cannot change whether it is reached.
            addedHeaders.append("\(name): \(value)")
            return Step(standing: isDryRun ? "would be added" : "applied")
        case .removeHeader(let name):
            remove(name.lowercased())
            return Step(standing: isDryRun ? "would be removed" : "applied")
        case .reject(_, _, _, asking: nil):
            // Its time was before the 250.
            return Step(standing: "too late")
        case .reject:
            return Step(standing: isDryRun ? "would ask" : "asked before the 250")
        case .stop(topic: nil):
            guard !isHeld else { return hold(planned) }
            isStopped = true
            return Step(standing: isDryRun ? "would stop" : "stopped", endsRule: true)
        case .drop:
            guard !isHeld else { return hold(planned) }
            isStopped = true
            return Step(standing: isDryRun ? "would drop" : "dropped", endsRule: true)
        case .store, .invoke, .notify, .forward, .relay, .deliver, .webhook, .bounce, .reply, .tag,
            .quarantine, .stop:
            guard !isHeld else { return hold(planned) }
        }
        switch standing(planned.key) {
        case nil:
            isWaiting = true
            next.append(planned)
            return wait(planned.action, isFirstTry: true, isHeld: &isHeld, "next")
        case .retrying:
            isWaiting = true
            return wait(planned.action, isFirstTry: false, isHeld: &isHeld, "retrying")
        case .givenUp:
            var step = end(planned.action, .continueOn, [])
            step.standing = "given up"
            return step
        case .ended(let disposition, let asks):
            return end(planned.action, disposition, asks)
        }
    }

    private mutating func add(_ tag: MailTag) {
        guard tags.count < MailTag.tagsMax, !tags.contains(tag) else { return }
        tags.append(tag)
    }

    /// What rules have added before under that name goes, too; what they add later stays.
    private mutating func remove(_ name: String) {
        addedHeaders.removeAll { $0.prefix { $0 != ":" }.lowercased() == name }
        if !removedHeaders.contains(name) { removedHeaders.append(name) }
    }

    /// An earlier action of the rule is still open. Whether a stop behind it will be reached is
    /// known, its time is not: later rules wait with it.
    private mutating func hold(_ planned: PlannedAction) -> Step {
        isWaiting = true
        if planned.action.steers { areLaterRulesHeld = true }
        return Step(standing: "held")
    }

    private mutating func wait(
        _ action: ReceiptAction, isFirstTry: Bool, isHeld: inout Bool, _ standing: String
    ) -> Step {
        if case .stop = action {
            isStopped = true
            return Step(standing: standing, endsRule: true)
        }
        if isFirstTry || action.failurePolicy == .hold {
            isHeld = action.isAwaited
            areLaterRulesHeld = action.steers
        }
        return Step(standing: standing)
    }

    private mutating func end(
        _ action: ReceiptAction, _ disposition: Disposition, _ asks: [ReceiptAction]
    ) -> Step {
        if case .stop = action {
            isStopped = true
            return Step(standing: isDryRun ? "would stop" : "ended", endsRule: true)
        }
        guard action.steers else { return Step(standing: isDryRun ? "would run" : "ended") }
        let standing =
            isDryRun && disposition == .continueOn
            ? "would run" : "\(isDryRun ? "would end" : "ended") \(disposition.rawValue)"
        return Step(
            standing: standing, asks: asks, endsRule: disposition != .continueOn,
            endsSet: disposition == .stopRuleSet)
    }
}

extension ReceiptAction {
    /// Whether what comes of it decides how the evaluation goes on.
    var steers: Bool {
        switch self {
        case .invoke(_, let type, _, _): type == .requestResponse
        case .quarantine, .stop, .drop: true
        case .store, .notify, .forward, .relay, .deliver, .webhook, .bounce, .reply, .addHeader,
            .removeHeader, .tag, .reject:
            false
        }
    }

    /// Whether later actions of its rule wait for its end. SES: a stored object is there before
    /// the handler behind it runs.
    var isAwaited: Bool {
        switch self {
        case .store, .quarantine: true
        case .invoke(_, let type, _, _): type == .requestResponse
        case .notify, .forward, .relay, .deliver, .webhook, .bounce, .reply, .addHeader,
            .removeHeader, .tag, .reject, .stop, .drop:
            false
        }
    }

    var failurePolicy: FailurePolicy {
        switch self {
        case .store(_, _, _, let policy), .invoke(_, _, _, let policy): policy
        case .quarantine: .hold
        case .notify, .forward, .relay, .deliver, .webhook, .bounce, .reply, .addHeader,
            .removeHeader, .tag, .reject, .stop, .drop:
            .goOn
        }
    }
}
