import Foundation
import MailModel
package import Storage

/// One message as SNS posts it. SNS: the message formats `Notification`, `SubscriptionConfirmation`
/// and `UnsubscribeConfirmation`.
package struct SNSMessage: Sendable {
    package let id: String
    /// `Notification`, …
    package let type: String
    package let topicARN: String
    /// Nil where SNS does not say it: before there is a subscription.
    package let subscriptionARN: String?
    /// UTF-8 JSON on one line.
    package let body: [UInt8]
    /// 1 at the first try.
    package let attempt: Int
    /// Of its topic.
    package let subscriber: String
    package let kind: TopicMessage.Kind
    package let subject: String?
    /// SNS's `Message`.
    package let message: String
    /// A link: by it a subscription is confirmed, ...
    package let subscribeURL: String?
    /// ... or ended.
    package let unsubscribeURL: String?
    let timestamp: String

    /// Members that a message has not are left out.
    private struct Form: Encodable {
        var `Type`: String
        var MessageId: String
        var Token: String?
        var TopicArn: String
        var Subject: String?
        var Message: String
        var SubscribeURL: String?
        var Timestamp: String
        var SignatureVersion: String?
        var Signature: String?
        var SigningCertURL: String?
        var UnsubscribeURL: String?

        /// SNS: “verifying the signatures of Amazon SNS messages”: the members that there are, in
        /// byte order of their names, each name and value with a line end.
        var stringToSign: String {
            let members: [(name: String, value: String?)] = [
                ("Message", Message), ("MessageId", MessageId), ("Subject", Subject),
                ("SubscribeURL", SubscribeURL), ("Timestamp", Timestamp), ("Token", Token),
                ("TopicArn", TopicArn), ("Type", `Type`),
            ]
            return members.reduce(into: "") { text, member in
                if let value = member.value { text += "\(member.name)\n\(value)\n" }
            }
        }
    }

    /// A message that nobody signs.
    package init(_ delivery: TopicDelivery, topicARN: String) {
        let form = Self.form(delivery, topicARN)
        self.init(
            delivery, topicARN, subscriptionARN: "\(topicARN):\(delivery.subscriber)", form)
    }

    /// A message to `subscription`, signed where we have a public side. Throws what the signer does.
    package init(
        _ delivery: TopicDelivery, topicARN: String, subscription: SubscriptionRecord,
        _ version: SignatureVersion, _ side: PublicSide?
    ) throws {
        let subscriptionARN = "\(topicARN):\(subscription.id)"
        var form = Self.form(delivery, topicARN)
        if let side {
            switch delivery.message.kind {
            case .notification:
                form.UnsubscribeURL = side.unsubscribeURL(subscriptionARN: subscriptionARN)
            case .subscriptionConfirmation, .unsubscribeConfirmation:
                form.Token = subscription.token
                form.SubscribeURL = side.subscribeURL(
                    topicARN: topicARN, token: subscription.token)
            }
            let signature = try side.signer.signature(of: Array(form.stringToSign.utf8), version)
            form.SignatureVersion = version.rawValue
            form.Signature = Data(signature).base64EncodedString()
            form.SigningCertURL = side.url + side.signer.certificatePath
        }
        let isNamed = delivery.message.kind != .subscriptionConfirmation
        self.init(delivery, topicARN, subscriptionARN: isNamed ? subscriptionARN : nil, form)
    }

    private init(
        _ delivery: TopicDelivery, _ topicARN: String, subscriptionARN: String?, _ form: Form
    ) {
        id = delivery.message.id
        type = form.`Type`
        self.topicARN = topicARN
        self.subscriptionARN = subscriptionARN
        attempt = delivery.attempts + 1
        subscriber = delivery.subscriber
        kind = delivery.message.kind
        (subject, message, timestamp) = (form.Subject, form.Message, form.Timestamp)
        (subscribeURL, unsubscribeURL) = (form.SubscribeURL, form.UnsubscribeURL)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(form) else {
            preconditionFailure("texts always encode")
        }
        body = Array(data)
    }

    private static func form(_ delivery: TopicDelivery, _ topicARN: String) -> Form {
        let message = delivery.message
        return Form(
            Type: message.kind.rawValue, MessageId: message.id, TopicArn: topicARN,
            Subject: message.subject, Message: message.message,
            Timestamp: message.createdAt.iso8601Text)
    }
}
