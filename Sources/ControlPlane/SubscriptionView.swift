import MailModel
import Storage
import Topics

/// A subscriber of a topic, and whether it gets its messages.
package struct SubscriptionView: Sendable, Codable {
    package var topic: String
    package var subscriber: String
    /// A path or a URL.
    package var endpoint: String
    /// `file`, or the state of the subscription.
    package var state: String
    package var since: String?
    /// Nil for a file.
    package var signatureVersion: String?

    init(topic: String, _ subscriber: Subscriber, _ record: SubscriptionRecord?) {
        self.topic = topic
        self.subscriber = subscriber.name
        switch subscriber.endpoint {
        case .file(let path):
            endpoint = path
            state = "file"
        case .web(let url):
            endpoint = url.description
            state = record?.state.rawValue ?? ""
            since = record?.changedAt.iso8601Text
            signatureVersion = subscriber.signatureVersion.rawValue
        }
    }
}
