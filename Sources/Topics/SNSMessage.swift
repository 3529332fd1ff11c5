import Foundation
import MailModel
package import Storage

/// One message as SNS posts it, without the signature. SNS: the `Notification` message format.
package struct SNSMessage: Sendable {
    package let id: String
    package let topicARN: String
    package let subscriptionARN: String
    /// UTF-8 JSON on one line.
    package let body: [UInt8]

    private struct Form: Encodable {
        var `Type` = "Notification"
        var MessageId: String
        var TopicArn: String
        var Subject: String?
        var Message: String
        var Timestamp: String
    }

    package init(_ delivery: TopicDelivery, topicARN: String) {
        let message = delivery.message
        id = message.id
        self.topicARN = topicARN
        subscriptionARN = "\(topicARN):\(delivery.subscriber)"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let form = Form(
            MessageId: message.id, TopicArn: topicARN, Subject: message.subject,
            Message: message.message, Timestamp: message.createdAt.iso8601Text)
        guard let data = try? encoder.encode(form) else {
            preconditionFailure("texts always encode")
        }
        body = Array(data)
    }
}
