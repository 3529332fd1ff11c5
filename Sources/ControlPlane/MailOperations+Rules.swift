import MailFlow
import MailModel
import RuleEngine
import Storage

/// What other rules than its own would do with a received mail.
extension MailOperations {
    /// Mails of one comparison: each is read.
    package static let comparedMax = 10_000

    /// What `draft` would do with a mail, and why.
    func explain(_ id: String, by draft: ReceiptRuleSet) async throws -> ControlAnswer {
        let record = try await find(id)
        let evaluator = RuleEvaluator(ruleSet: draft)
        let facts = await facts(of: record, for: evaluator.needs)
        let traces = evaluator.trace(
            dryRun: facts, answers: try await answers(to: record), isDuty: duties.contains)
        return .trace(MailTraceView(record, evaluator, traces))
    }

    /// What `draft` would do with the `last` mails, against the set in force.
    func compare(_ draft: ReceiptRuleSet, last: Int) async throws -> ControlAnswer {
        guard (1...Self.comparedMax).contains(last) else {
            throw ControlFailure(.invalid, "between 1 and \(Self.comparedMax) mails are compared")
        }
        let (active, draft) = (rules.current, RuleEvaluator(ruleSet: draft))
        var filter = MailFilter()
        filter.limit = last
        filter.areReplaysLeftOut = true
        let records = try await store.list(filter)
        var differing: [RuleComparisonView.Difference] = []
        for record in records {
            let facts = await facts(of: record, for: active.needs.union(draft.needs))
            let answers = try await answers(to: record)
            let steps = RuleComparisonView.steps(
                active.trace(dryRun: facts, answers: answers, isDuty: duties.contains),
                draft.trace(dryRun: facts, answers: answers, isDuty: duties.contains))
            guard !steps.isEmpty else { continue }
            differing.append(RuleComparisonView.Difference(mail: MailView(record), steps: steps))
        }
        return .ruleComparison(
            RuleComparisonView(
                active: "\(active.ruleSet.name) (\(active.version))",
                draft: "\(draft.ruleSet.name) (\(draft.version))", mails: records.count,
                differing: differing))
    }

    /// What handlers said to the mail when it came.
    func answers(to record: MailRecord) async throws -> HandlerAnswers {
        let own = try await rules.evaluator(ofVersion: record.ruleSetVersion)
        return try await store.actions(of: record.id).reduce(into: HandlerAnswers()) {
            answers, action in
            guard action.state == .done, let handler = own.handler(of: action.key) else { return }
            answers.note(
                HandlerAnswer(action.disposition, actions: action.asks), of: handler,
                for: action.key.recipient)
        }
    }
}
