import Foundation

extension SNSMessage {
    /// The message as a Lambda function gets it, UTF-8 JSON. SNS: the event of the protocol `lambda`.
    ///
    /// Deviates: nobody signs it, since it does not leave the machine's trust; so it has neither a
    /// signature nor links.
    package var lambdaEvent: [UInt8] {
        let record: [String: Any] = [
            "EventSource": "aws:sns", "EventVersion": "1.0",
            "EventSubscriptionArn": subscriptionARN ?? topicARN,
            "Sns": [
                "Type": type, "MessageId": id, "TopicArn": topicARN,
                "Subject": subject ?? NSNull() as Any, "Message": message, "Timestamp": timestamp,
                "MessageAttributes": [String: String](),
            ] as [String: Any],
        ]
        guard
            let data = try? JSONSerialization.data(
                withJSONObject: ["Records": [record]],
                options: [.sortedKeys, .withoutEscapingSlashes])
        else { preconditionFailure("texts always encode") }
        return Array(data)
    }
}
