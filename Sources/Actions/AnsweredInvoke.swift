import Documents
import Foundation
import MailModel
import RuleEngine

/// What an `invoke` makes of the answer, whoever gave it: a script's standard output, a worker's line,
/// what a function returned.
extension ReceiptActions {
    /// Of an answer that asks for something wrong: characters of what is said of it.
    static let problemCharactersMax = 1_000

    /// What `output` says. Nothing of an answer is done that asks for something which cannot be done:
    /// the action is dead then, and not tried again by itself, since the handler has done its part and
    /// would answer the same. SES: null, missing and invalid answers go on.
    func answer(
        _ task: ActionTask, _ handler: String, _ output: [UInt8], isCut: Bool
    ) -> ActionResult {
        func done(_ disposition: Disposition, _ detail: String) -> ActionResult {
            ActionResult(ending: .done(disposition), detail: "\(handler): \(detail)")
        }
        guard !isCut else { return done(.continueOn, "CONTINUE (the answer is too long)") }
        guard !output.isEmpty else { return done(.continueOn, "CONTINUE (no answer)") }
        let object = try? JSONSerialization.jsonObject(
            with: Data(output), options: [.fragmentsAllowed])
        let members = object as? [String: Any] ?? [:]
        if let actions = members["actions"], !(actions is NSNull) {
            return asked(task, handler, output)
        }
        let near = members.keys.sorted().first { NearMiss.of($0, among: ["actions"]) != nil }
        let hint = near.map { "; “\($0)” is ignored; did you mean “actions”?" } ?? ""
        guard let text = members["disposition"] as? String else {
            return done(.continueOn, "CONTINUE (the answer names no disposition)\(hint)")
        }
        guard let disposition = Disposition(rawValue: text.uppercased()) else {
            return done(.continueOn, "CONTINUE (the answer's disposition is none of SES's)\(hint)")
        }
        return done(disposition, disposition.rawValue + hint)
    }

    private func asked(_ task: ActionTask, _ handler: String, _ output: [UInt8]) -> ActionResult {
        do throws(DocumentProblems) {
            let answer = try HandlerAnswer(
                output, of: handler, catalogue: catalogue, subject: subject(of: task))
            let actions = answer.actions.map(\.kind).joined(separator: ", ")
            var result = ActionResult(
                ending: .done(answer.disposition),
                detail: "\(handler): \(answer.disposition.rawValue)"
                    + (actions.isEmpty ? "" : ", asks for \(actions)"))
            result.asks = answer.actions
            return result
        } catch {
            let problems = error.problems.map(\.description).joined(separator: "; ")
            return ActionResult(
                ending: .refused,
                detail: "nothing of the answer is done: "
                    + problems.prefix(Self.problemCharactersMax))
        }
    }

    /// What an answer may name.
    private var catalogue: RuleCatalogue {
        var catalogue = RuleCatalogue(buckets: nil, handlers: nil, topics: topics.names)
        catalogue.isSending = submitter != nil
        return catalogue
    }

    /// Of the mail as the handler got it; what cannot be read any more has none.
    private func subject(of task: ActionTask) -> String {
        guard let shown = try? presented(task), let bytes = try? headerBytes(task, shown) else {
            return ""
        }
        return HeaderBlock(bytes[...]).first("Subject")?.decodedText ?? ""
    }
}
