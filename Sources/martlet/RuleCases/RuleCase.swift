import MailModel
import RuleEngine

/// A case of a rule file: a mail, and what the rules are to do with it.
struct RuleCase {
    enum Content {
        case text(String)
        /// A path from the folder of the case file.
        case file(String)
    }

    var name: String
    /// What is known but for the content.
    var facts: MailFacts
    var content: Content?
    /// What handlers answer; `CONTINUE` where nothing stands.
    var answers = HandlerAnswers()
    var expected: Expected

    enum Expected {
        /// The rules in their order; none: no rule takes the mail. Where rules are asked for each
        /// recipient, so for every one.
        case ofEveryWalk([Expectation])
        /// Of each recipient; for rules that are asked for each.
        case ofEach([Mailbox: [Expectation]])
    }

    /// A rule that takes the mail, and the actions that it comes to, each by its text or its kind.
    struct Expectation {
        var rule: String
        var actions: [String]
    }

    /// What differs from what is expected, for people; nothing where the rules do as they should.
    func differences(from traces: [RuleTrace]) -> [String] {
        let walks = Dictionary(grouping: traces, by: \.recipient).sorted {
            ($0.key ?? "") < ($1.key ?? "")
        }
        return walks.flatMap { recipient, traces in
            differences(from: traces, for: recipient).map { difference in
                recipient.map { "for \($0): \(difference)" } ?? difference
            }
        }
    }

    private func differences(from traces: [RuleTrace], for recipient: String?) -> [String] {
        switch expected {
        case .ofEveryWalk(let expected): return Self.differences(from: traces, expected)
        case .ofEach(let expected):
            guard let mailbox = recipient.flatMap({ Mailbox($0) }) else {
                return ["the rules are asked once for all recipients, and “expect” names them"]
            }
            return Self.differences(from: traces, expected[mailbox] ?? [])
        }
    }

    private static func differences(
        from traces: [RuleTrace], _ expected: [Expectation]
    ) -> [String] {
        let found = traces.filter { $0.answer == .took }
        var differences: [String] = []
        let missing = expected.filter { one in !found.contains { $0.rule == one.rule } }
        for one in missing {
            let answer = traces.first { $0.rule == one.rule }
            differences.append(
                answer.map { "“\(one.rule)” does not take it: \($0.reason)" }
                    ?? "there is no rule “\(one.rule)”")
        }
        for trace in found {
            guard let one = expected.first(where: { $0.rule == trace.rule }) else {
                differences.append("“\(trace.rule)” takes it: \(list(trace.reachedActions))")
                continue
            }
            let isSame =
                one.actions.count == trace.reachedActions.count
                && zip(one.actions, trace.reachedActions).allSatisfy { names($0, $1) }
            if !isSame {
                differences.append(
                    "“\(trace.rule)” does \(list(trace.reachedActions)), "
                        + "expected \(list(one.actions))")
            }
        }
        let order = found.map(\.rule).filter { rule in expected.contains { $0.rule == rule } }
        if missing.isEmpty, order != expected.map(\.rule) {
            differences.append("the rules come as \(order.joined(separator: ", "))")
        }
        return differences
    }

    private static func names(_ expected: String, _ text: String) -> Bool {
        text == expected || text.hasPrefix("\(expected) ")
    }

    private static func list(_ actions: [String]) -> String {
        actions.isEmpty ? "nothing" : actions.joined(separator: ", ")
    }
}

extension RuleTrace {
    /// Why it does not take the mail.
    fileprivate var reason: String {
        guard answer == .conditions || answer == .noRecipient else { return why }
        let asked = conditions.filter { $0.answer != .yes && $0.depth == 0 }.map { condition in
            // The value of what is unknown says so.
            "\(condition.text)? \(condition.value)\(condition.answer == .no ? ": no" : "")"
        }
        return asked.isEmpty ? why : asked.joined(separator: "; ")
    }
}
