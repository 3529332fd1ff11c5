package import MailModel
package import RuleEngine
package import Storage

extension ReceiptActions {
    /// Sends the mail on, as it came but for the trace that it has been here. The detail of a result
    /// is the id of the mail that is sent.
    func forward(
        _ task: ActionTask, to targets: [String], as identity: String?,
        author: ReceiptAction.ForwardAuthor
    ) async -> ActionResult {
        func refused(_ reason: String) -> ActionResult {
            ActionResult(ending: .refused, detail: reason)
        }
        guard let submitter else { return refused("nothing is sent from here") }
        guard let recipient = task.recipients.first else { return refused("it has no recipient") }
        var mailboxes: [Mailbox] = []
        for target in targets {
            guard let mailbox = Mailbox(target) else {
                return refused("“\(target)” is no address")
            }
            // Where it came to it has been.
            if !task.recipients.contains(mailbox), !mailboxes.contains(mailbox) {
                mailboxes.append(mailbox)
            }
        }
        guard !mailboxes.isEmpty else {
            return refused(
                "it came to \(targets.joined(separator: ", ")), and would come there again")
        }
        // As one identity it goes to the same targets once, whichever of our recipients it came to.
        let shared = mailboxes.map(\.wireText) + [identity ?? "", author.rawValue]
        let answer = await submitter.forward(
            ForwardedMail(
                mail: task.mail, content: task.content,
                stableID: identity == nil ? task.runID : task.runID(sharedBy: shared),
                recipient: recipient, targets: mailboxes,
                identity: identity.flatMap { Mailbox($0) } ?? recipient, author: author,
                addedHeaders: task.addedHeaders, removedHeaders: task.removedHeaders))
        return ActionResult(answer)
    }
}

extension ActionResult {
    init(_ answer: SubmitterAnswer) {
        switch answer {
        case .taken(let id):
            self.init(ending: .done(.continueOn), detail: "sent as \(id.text)")
        case .bounced(let id, let reason):
            self.init(
                ending: .done(.continueOn),
                detail: "nothing is sent: \(reason); bounced as \(id.text)")
        case .withheld(let reason):
            self.init(ending: .done(.continueOn), detail: "nothing is sent: \(reason)")
        case .refused(let reason): self.init(ending: .refused, detail: reason)
        case .failed(let reason): self.init(ending: .failed, detail: reason)
        }
    }
}

/// A received mail that a rule sends on.
package struct ForwardedMail: Sendable {
    package var mail: MailRecord
    /// As it is stored.
    package var content: MailContent
    /// The same at every try: the mail is sent once for each.
    package var stableID: String
    /// Whom it came to, as the rule took it.
    package var recipient: Mailbox
    package var targets: [Mailbox]
    /// Whom it is sent as: of a verified identity.
    package var identity: Mailbox
    package var author: ReceiptAction.ForwardAuthor
    /// `name: value` lines without CRLF.
    package var addedHeaders: [String]
    /// Names in lower case.
    package var removedHeaders: [String]
}

/// The port to who sends mails.
package protocol MailSubmitter: Sendable {
    func forward(_ mail: ForwardedMail) async -> SubmitterAnswer
    func bounce(_ mail: BouncedMail) async -> SubmitterAnswer
    func reply(_ mail: AnsweredMail) async -> SubmitterAnswer
    func relay(_ mail: RelayedMail) async -> SubmitterAnswer
}

package enum SubmitterAnswer: Sendable {
    case taken(MessageID)
    /// The mail was bounced at once, for this reason, and no recipient is tried.
    case bounced(MessageID, String)
    /// Nothing is to be sent, for this reason.
    case withheld(String)
    /// No other try will help.
    case refused(String)
    /// Another may.
    case failed(String)
}
