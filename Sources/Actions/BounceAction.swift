package import MailModel
package import RuleEngine
package import Storage

extension ReceiptActions {
    /// Tells the sender that the mail did not arrive, and the topic that it was told. The detail of a
    /// result is the id of the report, or why there is none.
    func bounce(_ task: ActionTask, _ bounce: ReceiptBounce) async -> ActionResult {
        guard let submitter, let sender = Mailbox(bounce.sender) else {
            return ActionResult(ending: .refused, detail: "nothing is sent from here")
        }
        let answer = await submitter.bounce(
            BouncedMail(
                mail: task.mail, content: task.content, stableID: task.runID,
                recipients: task.recipients, bounce: bounce, sender: sender))
        guard case .taken = answer else { return ActionResult(answer) }
        return alerted(ActionResult(answer), task, topic: bounce.topic)
    }
}

/// A received mail whose sender is told that it did not arrive.
package struct BouncedMail: Sendable {
    package var mail: MailRecord
    /// As it is stored.
    package var content: MailContent
    /// The same at every try: there is one report for each.
    package var stableID: String
    /// Whom it did not reach; at least one.
    package var recipients: [Mailbox]
    package var bounce: ReceiptBounce
    /// Whom the report is from: of a verified identity.
    package var sender: Mailbox
}
