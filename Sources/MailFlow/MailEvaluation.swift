import MailModel
import RuleEngine

/// What the rules of a mail want as things stand: of one walk for all of its recipients, or of one for
/// each, where the set asks its rules so.
///
/// An action that ends changes its own walk alone, so a mail of many recipients is not walked for all
/// of them each time.
struct MailEvaluation {
    /// Planned actions of one mail that are held at once, but for those of the recipient with whom there
    /// are so many: the rest waits until the mail is opened again.
    static let plannedMax = 500

    private struct Walk {
        var recipient: Mailbox?
        var evaluation: Evaluation
        /// It wants more than is planned for now.
        var isLeft = false
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

    init(
        _ evaluator: RuleEvaluator, _ facts: MailFacts, standing: (ActionKey) -> ActionStanding?
    ) {
        self.evaluator = evaluator
        self.facts = facts
        var planned = 0
        for recipient in evaluator.walks(of: facts) {
            var walk = walk(for: recipient, standing)
            if planned >= Self.plannedMax {
                walk.isLeft = !walk.evaluation.next.isEmpty
                walk.evaluation.next = []
            }
            // What waits for the others must not keep them waiting.
            planned += walk.evaluation.next.count { !$0.action.isQuarantine }
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
