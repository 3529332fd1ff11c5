package import MailModel
package import Storage
import Synchronization

/// Where a topic's messages go. SES and SNS: a subscription.
package struct Subscriber: Sendable, Hashable {
    package enum Endpoint: Sendable, Hashable {
        /// One JSON object a line, appended.
        case file(path: String)
        case web(WebURL)
    }

    /// Unique within its topic.
    package var name: String
    package var endpoint: Endpoint
    // The rest is of web endpoints alone.
    /// Whether the endpoint has to confirm, where it can.
    package var isAsked = true
    package var signatureVersion = SignatureVersion.sha1
    package var policy = DeliveryPolicy()

    package init(name: String, endpoint: Endpoint) {
        self.name = name
        self.endpoint = endpoint
    }
}

/// Which topics there are, and who listens to each.
package final class TopicDirectory: Sendable {
    private let subscribers: Mutex<[String: [Subscriber]]>

    package init(_ subscribers: [String: [Subscriber]]) {
        self.subscribers = Mutex(subscribers)
    }

    package func subscriber(_ key: SubscriberKey) -> Subscriber? {
        subscribers.withLock { $0[key.topic]?.first { $0.name == key.subscriber } }
    }

    /// Every subscriber, by topic and then as the configuration names them.
    package var all: [(topic: String, subscriber: Subscriber)] {
        subscribers.withLock { $0 }.sorted { $0.key < $1.key }.flatMap { topic, subscribers in
            subscribers.map { (topic, $0) }
        }
    }

    package var names: [String] { subscribers.withLock { $0.keys.sorted() } }

    /// `message` on its way to every subscriber of `topic`; nil where there is no such topic.
    package func deliveries(
        of message: String, subject: String?, topic: String, at time: Timestamp,
        random: any RandomSource
    ) -> [TopicDelivery]? {
        guard let listening = subscribers.withLock({ $0[topic] }) else { return nil }
        let message = TopicMessage(
            id: Self.uuid(random.bytes(16)), topic: topic, subject: subject, message: message,
            createdAt: time)
        return listening.map { subscriber in
            TopicDelivery(
                message: message, subscriber: subscriber.name, state: .waiting, attempts: 0,
                nextAttemptAt: time, lastError: nil)
        }
    }

    /// RFC 9562 §5.4: version 4.
    static func uuid(_ bytes: [UInt8]) -> String {
        var bytes = bytes
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        return uuidForm(bytes)
    }

    /// All bits of 16 bytes, written like a UUID.
    static func uuidForm(_ bytes: [UInt8]) -> String {
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text += Hexadecimal.text([byte])
        }
        return text
    }
}
