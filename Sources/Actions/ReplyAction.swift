package import MailModel
package import RuleEngine
package import Storage

extension ReceiptActions {
    /// Answers whoever wrote, once a period. The detail of a result is the id of the answer, or why
    /// there is none.
    func reply(_ task: ActionTask, _ reply: ReceiptReply) async -> ActionResult {
        guard let submitter, let recipient = task.recipients.first else {
            return ActionResult(ending: .refused, detail: "nothing is sent from here")
        }
        return ActionResult(
            await submitter.reply(
                AnsweredMail(
                    mail: task.mail, content: task.content, stableID: task.runID,
                    rule: task.key.rule, recipients: task.recipients, reply: reply,
                    author: reply.identity.flatMap { Mailbox($0) } ?? recipient)))
    }
}

/// A received mail that a rule answers.
package struct AnsweredMail: Sendable {
    package var mail: MailRecord
    /// As it is stored.
    package var content: MailContent
    package var stableID: String
    /// Name of the rule: it answers a sender once a period.
    package var rule: String
    /// Whom it came to, as the rule took it; at least one.
    package var recipients: [Mailbox]
    /// With everything filled in.
    package var reply: ReceiptReply
    /// Whom the answer is from: of a verified identity.
    package var author: Mailbox
}
