package import MailModel

/// What handlers answer to one mail that is only thought of, by their names.
package struct HandlerAnswers: Sendable {
    /// Under nil: to a mail whose rules are asked once for all recipients, or what is said of each.
    private var answers: [String: [Mailbox?: HandlerAnswer]] = [:]

    package init() {}

    /// `answer` is what `handler` answered where it was asked for `recipient`.
    package mutating func note(
        _ answer: HandlerAnswer, of handler: String, for recipient: Mailbox?
    ) {
        answers[handler, default: [:]][recipient] = answer
    }

    /// What it answered for `recipient`, else for all of them, else, where it was asked of others, what
    /// it answered for one of these; nil where it was never asked.
    package func answer(of handler: String, for recipient: Mailbox?) -> HandlerAnswer? {
        guard let given = answers[handler] else { return nil }
        return given[recipient] ?? given[nil]
            ?? given.min { first, second in
                (first.value.disposition.rawValue, first.key?.wireText ?? "")
                    < (second.value.disposition.rawValue, second.key?.wireText ?? "")
            }?.value
    }
}
