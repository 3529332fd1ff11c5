import Events
import MailModel
import NIOCore
import RuleEngine
import Storage

/// What a request says.
struct WebhookBody {
    var mediaType: String
    var bytes: [UInt8]
    /// Whether everything that the mail carries is in it, or it says what is not.
    var isWhole = true

    /// Whom the rule took stands in no header of the mail.
    static func recipientLines(_ recipients: [Mailbox]) -> String {
        recipients.map { "X-Original-To: \($0.wireText)\r\n" }.joined()
    }
}

extension ReceiptActions {
    func webhookBody(
        _ task: ActionTask, for webhook: Webhook
    ) throws(StorageFailure) -> WebhookBody {
        let shown = try presented(task)
        switch webhook.format {
        case .raw:
            let front = WebhookBody.recipientLines(task.recipients)
            return WebhookBody(
                mediaType: "message/rfc822", bytes: Array(front.utf8) + (try bytes(task, shown)))
        case .json: return try event(task, shown, for: webhook)
        case .postmark:
            let content = MailContents(try bytes(task, shown), contentsBytesMax: .max)
            return WebhookBody(
                mediaType: "application/json",
                bytes: PostmarkPayload.bytes(
                    of: content, mail: task.mail.messageID, recipients: task.recipients),
                isWhole: !content.areAttachmentsCut)
        }
    }

    /// The mail as an object has it.
    private func bytes(
        _ task: ActionTask, _ shown: PresentedMail
    ) throws(StorageFailure) -> [UInt8] {
        let rest = try shown.rest.piece(
            of: task.mail.id, from: 0, length: shown.rest.length, in: bodies)
        guard rest.readableBytes == shown.rest.length else {
            throw .damaged("mail \(task.mail.id) is shorter than what was accepted")
        }
        return Array((shown.front ?? ByteBuffer()).readableBytesView) + rest.readableBytesView
    }

    private func event(
        _ task: ActionTask, _ shown: PresentedMail, for webhook: Webhook
    ) throws(StorageFailure) -> WebhookBody {
        guard let object = ReceiptActionObject(task.action) else {
            preconditionFailure("webhook has an object")
        }
        let (mail, receipt) = try describe(task, object, shown)
        let content = MailContents(
            try bytes(task, shown), contentsBytesMax: webhook.attachmentsBytesMax)
        return WebhookBody(
            mediaType: "application/json",
            bytes: ReceiptEvents.webhook(
                mail, receipt, content, contentsBytesMax: webhook.attachmentsBytesMax,
                objects: task.storedObjects))
    }
}
