package import MailModel
package import Storage
import Synchronization

/// Where a topic's messages go. SES and SNS: a subscription.
package struct Subscriber: Sendable, Hashable {
    package enum Endpoint: Sendable, Hashable {
        /// One JSON object a line, appended.
        case file(path: String)
        case web(WebURL)
        /// The name of a handler. SNS: the protocol `lambda`.
        case handler(String)
        case mail(MailAddressee)
    }

    /// Unique within its topic.
    package var name: String
    package var endpoint: Endpoint
    /// When a message that it did not take comes again; files have the schedule of actions.
    package var policy = DeliveryPolicy()
    // The rest is of web endpoints alone.
    /// Whether the endpoint has to confirm, where it can.
    package var isAsked = true
    package var signatureVersion = SignatureVersion.sha1

    package init(name: String, endpoint: Endpoint) {
        self.name = name
        self.endpoint = endpoint
    }

    /// Whether it has a say in being one.
    var hasSubscription: Bool {
        switch endpoint {
        case .file, .handler: false
        case .web, .mail: true
        }
    }
}

/// Which topics there are, and who listens to each.
///
/// The configuration has the topics and most of their subscribers; those by mail are an operator's to
/// add, and known by their subscriptions (`Subscriptions`).
package final class TopicDirectory: Sendable {
    private let configured: [String: [Subscriber]]
    private let mailed = Mutex(Mailed())

    private struct Mailed {
        var subscribers: [String: [Subscriber]] = [:]
        /// Of their subscriptions.
        var ids: Set<String> = []
    }

    package init(_ subscribers: [String: [Subscriber]]) {
        configured = subscribers
    }

    /// All who listen to `topic`; nil where there is no such topic.
    private func subscribers(of topic: String) -> [Subscriber]? {
        configured[topic].map { $0 + (mailed.withLock { $0.subscribers[topic] } ?? []) }
    }

    package var names: [String] { configured.keys.sorted() }

    package func has(_ topic: String) -> Bool { configured[topic] != nil }

    package func subscriber(_ key: SubscriberKey) -> Subscriber? {
        subscribers(of: key.topic)?.first { $0.name == key.subscriber }
    }

    /// Every subscriber, by topic and then as the configuration names them.
    package var all: [(topic: String, subscriber: Subscriber)] {
        configured.keys.sorted().flatMap { topic in
            (subscribers(of: topic) ?? []).map { (topic, $0) }
        }
    }

    /// Those by mail, from now on.
    func mail(_ records: [SubscriptionRecord]) {
        var mailed = Mailed()
        for record in records {
            guard let addressee = MailAddressee(url: record.url) else { continue }
            mailed.ids.insert(record.id)
            mailed.subscribers[record.key.topic, default: []].append(
                Subscriber(name: record.key.subscriber, endpoint: .mail(addressee)))
        }
        self.mailed.withLock { $0 = mailed }
    }

    /// `message` on its way to every subscriber of `topic`; nil where there is no such topic.
    /// `subscriptions`: ARNs of those by which the mail that it is about says that it came. What we told
    /// by mail is not told by mail again.
    package func deliveries(
        of message: String, subject: String?, topic: String, subscriptions: [String] = [],
        at time: Timestamp, random: any RandomSource
    ) -> [TopicDelivery]? {
        guard var listening = subscribers(of: topic) else { return nil }
        let ids = subscriptions.compactMap { $0.split(separator: ":").last.map(String.init) }
        if !ids.isEmpty, mailed.withLock({ !$0.ids.isDisjoint(with: ids) }) {
            listening.removeAll { if case .mail = $0.endpoint { true } else { false } }
        }
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
