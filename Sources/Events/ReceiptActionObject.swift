import MailModel
package import RuleEngine

/// `receipt.action` of SES's receipt notifications and Lambda events.
package struct ReceiptActionObject: Sendable, Equatable {
    package var type: String
    package var topicArn: String?
    package var bucketName: String?
    package var objectKeyPrefix: String?
    package var objectKey: String?
    package var functionArn: String?
    /// Ours: the name of a webhook.
    package var webhook: String?
    package var invocationType: String?
    package var encoding: String?
    package var smtpReplyCode: String?
    package var statusCode: String?
    package var message: String?
    package var sender: String?

    /// Nil for `addHeader`, which SES never reports, for `removeHeader`, and for what SES does not
    /// have, but for `webhook`. `objectKey` is that of a `store`.
    package init?(_ action: ReceiptAction, objectKey: String? = nil) {
        switch action {
        case .store(let bucket, let prefix, let topic, _):
            type = "S3"
            topicArn = topic.map(SESRuleDocument.topicARN)
            bucketName = bucket
            objectKeyPrefix = prefix
            self.objectKey = objectKey
        case .invoke(let handler, let invocation, let topic, _):
            type = "Lambda"
            topicArn = topic.map(SESRuleDocument.topicARN)
            functionArn = SESRuleDocument.functionARN(handler)
            invocationType = invocation.rawValue
        case .notify(let topic, let encoding):
            type = "SNS"
            topicArn = SESRuleDocument.topicARN(topic)
            self.encoding = encoding == .utf8 ? "UTF8" : "BASE64"
        case .stop(let topic):
            type = "Stop"
            topicArn = topic.map(SESRuleDocument.topicARN)
        case .bounce(let bounce):
            type = "Bounce"
            topicArn = bounce.topic.map(SESRuleDocument.topicARN)
            smtpReplyCode = String(bounce.replyCode)
            statusCode = bounce.status?.description
            message = bounce.message
            sender = bounce.sender
        case .webhook(let webhook):
            type = "Webhook"
            self.webhook = webhook
        case .addHeader, .removeHeader, .tag, .forward, .relay, .deliver, .reply, .reject,
            .quarantine, .drop:
            return nil
        }
    }

    var json: JSONValue {
        .object([
            "type": .text(type), "topicArn": topicArn.map(JSONValue.text),
            "bucketName": bucketName.map(JSONValue.text),
            "objectKeyPrefix": objectKeyPrefix.map(JSONValue.text),
            "objectKey": objectKey.map(JSONValue.text),
            "functionArn": functionArn.map(JSONValue.text),
            "webhook": webhook.map(JSONValue.text),
            "invocationType": invocationType.map(JSONValue.text),
            "encoding": encoding.map(JSONValue.text),
            "smtpReplyCode": smtpReplyCode.map(JSONValue.text),
            "statusCode": statusCode.map(JSONValue.text), "message": message.map(JSONValue.text),
            "sender": sender.map(JSONValue.text),
        ])
    }
}
