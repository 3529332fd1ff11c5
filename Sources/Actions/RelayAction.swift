package import MailModel
package import NIOCore
import RuleEngine
package import Storage

extension ReceiptActions {
    /// Hands the mail on to a host that has its recipients' mailboxes. The detail of a result is the id
    /// under which it waits for that host.
    func relay(_ task: ActionTask, to relay: String) async -> ActionResult {
        guard let submitter else {
            return ActionResult(ending: .refused, detail: "nothing is sent from here")
        }
        let shown: HandedOnMail
        do throws(StorageFailure) {
            shown = try handedOn(task)
        } catch {
            return ActionResult(ending: .failed, detail: "\(error)")
        }
        let answer = await submitter.relay(
            RelayedMail(
                mail: task.mail, front: shown.front, rest: shown.rest, stableID: task.runID,
                recipients: task.recipients, relay: relay))
        var result = ActionResult(answer)
        if case .taken(let id) = answer { result.detail = "goes to \(relay) as \(id.text)" }
        return result
    }

    package typealias HandedOnMail = (front: ByteBuffer, rest: MailContent)

    /// The mail as an object has it but for our `Return-Path`, which the host that delivers it writes.
    /// RFC 5321 §4.4
    package func handedOn(_ task: ActionTask) throws(StorageFailure) -> HandedOnMail {
        var plain = task
        plain.addedHeaders = []
        var (shown, rest) = try presented(plain)
        if shown == nil {
            let length = task.mail.headLength
            shown = try rest.piece(of: task.mail.id, from: 0, length: length, in: bodies)
            rest = rest.dropping(length)
        }
        var block = shown ?? ByteBuffer()
        let section = HeaderBlock(Array(block.readableBytesView)[...])
        if let field = section.fields.first, field.name.lowercased() == "return-path" {
            block.moveReaderIndex(forwardBy: field.range.upperBound)
        }
        var front = ByteBuffer(string: task.addedHeaders.map { $0 + "\r\n" }.joined())
        front.writeImmutableBuffer(block)
        return (front, rest)
    }
}

/// A received mail that a rule hands on to a host.
package struct RelayedMail: Sendable {
    package var mail: MailRecord
    /// Of the mail as the host gets it: lines of rules and our header block, at least.
    package var front: ByteBuffer
    /// What follows, as it is stored.
    package var rest: MailContent
    /// The same at every try: the mail is handed on once for each.
    package var stableID: String
    /// As the rule took them.
    package var recipients: [Mailbox]
    /// A name that the configuration has.
    package var relay: String

    package init(
        mail: MailRecord, front: ByteBuffer, rest: MailContent, stableID: String,
        recipients: [Mailbox], relay: String
    ) {
        self.mail = mail
        self.front = front
        self.rest = rest
        self.stableID = stableID
        self.recipients = recipients
        self.relay = relay
    }
}
