import Documents
import Foundation

/// What a handler's output says, whoever gave it: a script's standard output, a worker's line, what a
/// function returned.
package enum HandlerWord: Sendable, Equatable {
    /// How it answers, with a few words on that for people.
    case answers(HandlerAnswer, String)
    /// It asks for something that cannot be done, and why that is so. Nothing of it counts.
    case isWrong(String)

    /// Of what is wrong: characters that are said.
    package static let problemCharactersMax = 1_000
    /// Of an answer that asks for actions: what it asks for is kept with the mail until that is done,
    /// for each of its recipients where rules are asked so.
    package static let askingBytesMax = 65_536
    /// Between the values of JSON. RFC 8259 §2
    private static let blanks: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]

    /// `isCut`: there was more of it than is read. SES: null, missing and invalid answers go on.
    /// `subject`: of the mail. The rest is as with `HandlerAnswer`.
    package init(
        _ output: [UInt8], isCut: Bool, of handler: String, catalogue: RuleCatalogue,
        subject: () -> String
    ) {
        guard !isCut else { self = .goesOn("the answer is too long"); return }
        guard output.contains(where: { !Self.blanks.contains($0) }) else {
            self = .goesOn("no answer")
            return
        }
        guard
            let object = try? JSONSerialization.jsonObject(
                with: Data(output), options: [.fragmentsAllowed])
        else {
            let fault = JSONFault(output)
            self = .goesOn("the answer is no JSON\(fault.map { ": \($0)" } ?? "")")
            return
        }
        let members = object as? [String: Any] ?? [:]
        if let actions = members["actions"], !(actions is NSNull) {
            self.init(asking: output, of: handler, catalogue: catalogue, subject: subject())
            return
        }
        let near = members.keys.sorted().first {
            $0 != "actions" && NearMiss.of($0, among: ["actions"]) != nil
        }
        let hint = near.map { "; “\($0)” is ignored; did you mean “actions”?" } ?? ""
        guard let text = members["disposition"] as? String else {
            self = .goesOn("the answer names no disposition", hint)
            return
        }
        guard let disposition = Disposition(rawValue: text.uppercased()) else {
            self = .goesOn("the answer's disposition is none of SES's", hint)
            return
        }
        self = .answers(HandlerAnswer(disposition), disposition.rawValue + hint)
    }

    private init(
        asking json: [UInt8], of handler: String, catalogue: RuleCatalogue, subject: String
    ) {
        guard json.count <= Self.askingBytesMax else {
            self = .isWrong(
                "an answer that asks for actions has at most \(Self.askingBytesMax) bytes; this has "
                    + "\(json.count)")
            return
        }
        do throws(DocumentProblems) {
            let answer = try HandlerAnswer(
                json, of: handler, catalogue: catalogue, subject: subject)
            let actions = answer.actions.map(\.kind).joined(separator: ", ")
            self = .answers(
                answer,
                answer.disposition.rawValue + (actions.isEmpty ? "" : ", asks for \(actions)"))
        } catch {
            let problems = error.problems.map(\.description).joined(separator: "; ")
            self = .isWrong(String(problems.prefix(Self.problemCharactersMax)))
        }
    }

    private static func goesOn(_ reason: String, _ hint: String = "") -> HandlerWord {
        .answers(HandlerAnswer(.continueOn), "CONTINUE (\(reason))\(hint)")
    }
}
