import Events
import Foundation
import MailModel
import NIOCore
import RuleEngine
import Storage
import Topics

extension ReceiptActions {
    /// The largest mail that a notification carries, with its headers. SES: 150 KB.
    package static let contentBytesMax = 153_600

    /// Publishes the mail with its content. SES: `SNSAction`, except that a larger mail is told of
    /// without its content instead of being bounced.
    func notify(
        _ task: ActionTask, topic: String, encoding: ReceiptAction.Encoding
    ) -> ActionResult {
        guard let object = ReceiptActionObject(task.action) else {
            preconditionFailure("notify has an object")
        }
        do throws(StorageFailure) {
            let shown = try presented(task)
            let (mail, receipt) = try describe(task, object, shown)
            let (front, rest) = shown
            let length = (front?.readableBytes ?? 0) + rest.length
            let fits = length <= Self.contentBytesMax
            var content = fits ? try content(task, front, rest, encoding) : nil
            var message: [UInt8] = []
            if content != nil {
                message = ReceiptEvents.notification(mail, receipt, content: content)
                // JSON makes six bytes of a control character.
                if message.count > ReceiptEvents.messageBytesMax { content = nil }
            }
            if content == nil {
                let reason =
                    fits
                    ? "with it the message would have \(message.count) bytes; "
                        + "a notification has at most \(ReceiptEvents.messageBytesMax)"
                    : "the mail has \(length) bytes; a notification carries "
                        + "at most \(Self.contentBytesMax)"
                message = ReceiptEvents.notification(
                    mail, receipt,
                    omission: ReceiptEvents.ContentOmission(
                        reason: reason, objects: task.storedObjects))
            }
            let deliveries = topics.deliveries(
                of: String(decoding: message, as: UTF8.self), subject: Self.subject, topic: topic,
                subscriptions: TopicMail.subscriptions(in: mail.header),
                at: time.now(), random: random)
            guard let deliveries else {
                return ActionResult(ending: .failed, detail: "no such topic: \(topic)")
            }
            return ActionResult(
                ending: .done(.continueOn),
                detail: content == nil ? "\(topic), without content" : topic,
                deliveries: deliveries)
        } catch {
            return ActionResult(ending: .failed, detail: "\(error)")
        }
    }

    private func content(
        _ task: ActionTask, _ front: ByteBuffer?, _ rest: MailContent,
        _ encoding: ReceiptAction.Encoding
    ) throws(StorageFailure) -> String {
        var bytes = front ?? ByteBuffer()
        switch rest {
        case .bytes(let content): bytes.writeImmutableBuffer(content)
        case .file(_, let start, let length):
            var content = try bodies.read(task.mail.id, length: start + length)
            content.moveReaderIndex(forwardBy: min(start, content.readableBytes))
            bytes.writeImmutableBuffer(content)
        }
        switch encoding {
        case .utf8: return String(decoding: bytes.readableBytesView, as: UTF8.self)
        case .base64: return Data(bytes.readableBytesView).base64EncodedString()
        }
    }
}
