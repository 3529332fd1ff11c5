import MailModel
import RuleEngine

/// What the rules of a mail want as things stand: of one walk for all of its recipients, or of one for
/// each, where the set asks its rules so.
///
/// An action that ends changes its own walk alone, so a mail of many recipients is not walked for all
/// of them each time.
struct MailEvaluation {
    /// Planned actions of one mail that are held at once, of those that are done at once and of those
    /// that may take their time, but for those of the recipient with whom there are so many: the rest
    /// waits until the mail is opened again.
    static let plannedMax = 500

    private struct Walk {
        var recipient: Mailbox?
        var evaluation: Evaluation
        /// It wants more than is planned for now.
        var isLeft = false
        /// Some of that is done at once.
        var isQuickLeft = false
        /// It wants the mail kept apart next.
        var wantsQuarantine: Bool

        init(_ recipient: Mailbox?, _ evaluation: Evaluation) {
            self.recipient = recipient
            self.evaluation = evaluation
            wantsQuarantine = evaluation.next.contains { $0.action.isQuarantine }
        }
    }

    private let evaluator: RuleEvaluator
    private let facts: MailFacts
    private var walks: [Walk] = []

    /// `isSlow`: whether an action may take its time, and so must keep none waiting that does not.
    init(
        _ evaluator: RuleEvaluator, _ facts: MailFacts, isSlow: (ReceiptAction) -> Bool,
        standing: (ActionKey) -> ActionStanding?
    ) {
        self.evaluator = evaluator
        self.facts = facts
        var (quick, slow) = (0, 0)
        for recipient in evaluator.walks(of: facts) {
            var walk = walk(for: recipient, standing)
            let (isQuickFull, isSlowFull) = (quick >= Self.plannedMax, slow >= Self.plannedMax)
            let next = walk.evaluation.next
            walk.evaluation.next = next.filter { planned in
                // What waits for the others must not keep them waiting.
                if planned.action.isQuarantine { return true }
                if isSlow(planned.action) {
                    if isSlowFull { walk.isLeft = true } else { slow += 1 }
                    return !isSlowFull
                }
                if isQuickFull { walk.isQuickLeft = true } else { quick += 1 }
                return !isQuickFull
            }
            walk.isLeft = walk.isLeft || walk.isQuickLeft
            walks.append(walk)
        }
    }

    private func walk(
        for recipient: Mailbox?, _ standing: (ActionKey) -> ActionStanding?
    ) -> Walk {
        Walk(recipient, evaluator.evaluate(facts, for: recipient, standing: standing))
    }

    /// The standing of `key` is another one.
    mutating func update(_ key: ActionKey, standing: (ActionKey) -> ActionStanding?) {
        guard let index = walks.firstIndex(where: { $0.recipient == key.recipient }) else { return }
        walks[index] = walk(for: key.recipient, standing)
    }

    /// The actions to start now, in order. One that keeps the mail apart keeps it for all recipients, so
    /// it waits until nothing is open for those who want none.
    var next: [PlannedAction] {
        let isQuarantineDue = walks.allSatisfy { $0.wantsQuarantine || $0.evaluation.isFinished }
        let next = walks.flatMap(\.evaluation.next)
        return walks.count == 1 || isQuarantineDue
            ? next : next.filter { !$0.action.isQuarantine }
    }

    /// More is to be started than `next` holds.
    var isLeft: Bool { walks.contains(where: \.isLeft) }

    /// More is to be done at once than `next` holds.
    var isQuickLeft: Bool { walks.contains(where: \.isQuickLeft) }

    /// Whether rules took the mail, for each recipient where they are asked for each.
    var isTaken: Bool { walks.allSatisfy(\.evaluation.isTaken) }

    /// No action is waiting, retrying or held.
    var isFinished: Bool { walks.allSatisfy(\.evaluation.isFinished) }
}

extension ReceiptAction {
    fileprivate var isQuarantine: Bool {
        if case .quarantine = self { true } else { false }
    }
}
