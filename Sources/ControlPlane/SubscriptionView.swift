import MailModel
import Storage
import Topics

/// A subscriber of a topic, and whether it gets its messages.
package struct SubscriptionView: Sendable, Codable {
    package var topic: String
    package var subscriber: String
    /// A path, a URL, the name of a handler, or an address behind `email:` or `email-json:`.
    package var endpoint: String
    /// `file`, `handler`, or the state of the subscription.
    package var state: String
    package var since: String?
    /// Nil where nothing is signed.
    package var signatureVersion: String?

    init(topic: String, _ subscriber: Subscriber, _ record: SubscriptionRecord?) {
        self.topic = topic
        self.subscriber = subscriber.name
        switch subscriber.endpoint {
        case .file(let path):
            endpoint = path
            state = "file"
        case .handler(let name):
            endpoint = name
            state = "handler"
        case .mail(let addressee):
            endpoint = addressee.url
            state = record?.state.rawValue ?? ""
            since = record?.changedAt.iso8601Text
        case .web(let url):
            endpoint = url.description
            state = record?.state.rawValue ?? ""
            since = record?.changedAt.iso8601Text
            signatureVersion = subscriber.signatureVersion.rawValue
        }
    }
}
