import Foundation
package import MailModel
package import Storage
import Synchronization

/// Whether the endpoints of web subscribers want what is posted to them: what they, and the
/// operator, have said. SNS: `Subscribe`, `ConfirmSubscription`, `Unsubscribe`.
package final class Subscriptions: Sendable {
    /// Of a token, and so of the messages that wait for it. SNS: two days.
    package static let tokenLifetimeSeconds: Int64 = 172_800

    private let store: any SubscriptionStore
    private let directory: TopicDirectory
    private let time: any TimeSource
    private let random: any RandomSource
    private let topicARN: @Sendable (String) -> String
    private let canConfirm: Bool
    private let onChange: @Sendable () -> Void
    /// What the store has, replaced whole after each change.
    private let snapshot = Mutex(Snapshot())
    private let readings = Atomic<Int>(0)

    private struct Snapshot {
        var reading = 0
        var records: [SubscriberKey: SubscriptionRecord] = [:]
    }

    /// `canConfirm`: there is a public side at which endpoints can. `onChange` is called when a
    /// message may have become due.
    package init(
        store: any SubscriptionStore, directory: TopicDirectory, time: any TimeSource,
        random: any RandomSource, canConfirm: Bool,
        topicARN: @escaping @Sendable (String) -> String, onChange: @escaping @Sendable () -> Void
    ) {
        self.store = store
        self.directory = directory
        self.time = time
        self.random = random
        self.canConfirm = canConfirm
        self.topicARN = topicARN
        self.onChange = onChange
    }

    package func record(of key: SubscriberKey) -> SubscriptionRecord? {
        snapshot.withLock { $0.records[key] }
    }

    // MARK: The configuration's word

    /// Brings the records to what the configuration names: before anything is delivered.
    package func adopt() async throws(StorageFailure) {
        try await reload()
        var left = snapshot.withLock { $0.records }
        for (topic, subscriber) in directory.all {
            guard case .web(let url) = subscriber.endpoint else { continue }
            let key = SubscriberKey(topic: topic, subscriber: subscriber.name)
            let isAsked = subscriber.isAsked && canConfirm
            if let known = left.removeValue(forKey: key), known.url == url.description {
                if known.state == .pending, !isAsked { try await move(known, to: .confirmed) }
            } else {
                try await begin(key, url: url.description, isAsked: isAsked)
            }
        }
        for key in left.keys { try await store.removeSubscription(key) }
        try await reload()
    }

    private func begin(
        _ key: SubscriberKey, url: String, isAsked: Bool
    ) async throws(StorageFailure) {
        let now = time.now()
        let fresh = SubscriptionRecord(
            key: key, url: url, id: TopicDirectory.uuidForm(random.bytes(16)), state: .pending,
            token: newToken(), tokenExpiresAt: now, changedAt: now)
        try await move(fresh, to: isAsked ? .pending : .confirmed)
    }

    // MARK: The endpoint's word

    /// SNS: `ConfirmSubscription`. The subscription's ARN; nil where the token is no good, and
    /// nothing else is said about it. A token that was used already does no harm.
    package func confirm(
        topicARN arn: String, token: String
    ) async throws(StorageFailure) -> String? {
        let now = time.now()
        let known = snapshot.withLock { current in
            current.records.values.filter { topicARN($0.key.topic) == arn }
        }
        // Each is compared, to its end.
        let found = known.filter { Self.isSame($0.token, token) && now < $0.tokenExpiresAt }.first
        guard let found else { return nil }
        if found.state != .confirmed { try await move(found, to: .confirmed) }
        return self.arn(of: found)
    }

    /// SNS: `Unsubscribe`, without a signature, by whoever has a message. False where there is no
    /// such subscription.
    package func unsubscribe(subscriptionARN: String) async throws(StorageFailure) -> Bool {
        let known = snapshot.withLock { Array($0.records.values) }
        guard let found = known.filter({ Self.isSame(arn(of: $0), subscriptionARN) }).first else {
            return false
        }
        if found.state != .unsubscribed { try await move(found, to: .unsubscribed) }
        return true
    }

    // MARK: The operator's word

    /// Why a subscriber cannot be subscribed.
    package enum Problem: Error, Sendable {
        case unknown
        case notWeb
        /// There is no public side to confirm at.
        case nowhereToConfirm
        case storage(StorageFailure)
    }

    /// Asks the endpoint (again) to confirm; or, by the operator's word alone, has it confirmed.
    package func subscribe(
        _ key: SubscriberKey, isTrusted: Bool
    ) async throws(Problem) -> SubscriptionRecord.State {
        guard let subscriber = directory.subscriber(key) else { throw .unknown }
        guard case .web = subscriber.endpoint, let known = record(of: key) else { throw .notWeb }
        guard known.state != .confirmed else { return .confirmed }
        guard isTrusted || canConfirm else { throw .nowhereToConfirm }
        let state = isTrusted ? SubscriptionRecord.State.confirmed : .pending
        do throws(StorageFailure) {
            try await move(known, to: state)
        } catch {
            throw .storage(error)
        }
        return state
    }

    // MARK: Changes

    /// Into `state`, with what the endpoint is told of it.
    private func move(
        _ record: SubscriptionRecord, to state: SubscriptionRecord.State
    ) async throws(StorageFailure) {
        let now = time.now()
        var record = record
        record.state = state
        record.changedAt = now
        var notice: (kind: TopicMessage.Kind, text: String)?
        switch state {
        case .confirmed: break
        case .pending: notice = (.subscriptionConfirmation, subscribing(record))
        case .unsubscribed: notice = (.unsubscribeConfirmation, unsubscribing(record))
        }
        if notice != nil {
            record.token = newToken()
            record.tokenExpiresAt = now.advanced(bySeconds: Self.tokenLifetimeSeconds)
        }
        let delivery = canConfirm ? notice.map { deliver($0, to: record.key, at: now) } : nil
        try await store.put(record, publishing: delivery)
        try await reload()
        onChange()
    }

    private func deliver(
        _ notice: (kind: TopicMessage.Kind, text: String), to key: SubscriberKey, at now: Timestamp
    ) -> TopicDelivery {
        let message = TopicMessage(
            id: TopicDirectory.uuid(random.bytes(16)), kind: notice.kind, topic: key.topic,
            subject: nil, message: notice.text, createdAt: now)
        return TopicDelivery(
            message: message, subscriber: key.subscriber, state: .waiting, attempts: 0,
            nextAttemptAt: now, lastError: nil)
    }

    /// SNS's own words: programs look for them.
    private func subscribing(_ record: SubscriptionRecord) -> String {
        "You have chosen to subscribe to the topic \(topicARN(record.key.topic)).\n"
            + "To confirm the subscription, visit the SubscribeURL included in this message."
    }

    private func unsubscribing(_ record: SubscriptionRecord) -> String {
        "You have chosen to deactivate subscription \(arn(of: record)).\nTo cancel this operation "
            + "and restore the subscription, visit the SubscribeURL included in this message."
    }

    /// Of several at once the one that began last counts, whichever ends last.
    private func reload() async throws(StorageFailure) {
        let reading = readings.add(1, ordering: .relaxed).newValue
        let stored = try await store.subscriptions()
        let records = Dictionary(stored.map { ($0.key, $0) }) { first, _ in first }
        snapshot.withLock { current in
            guard current.reading < reading else { return }
            current = Snapshot(reading: reading, records: records)
        }
    }

    private func arn(of record: SubscriptionRecord) -> String {
        "\(topicARN(record.key.topic)):\(record.id)"
    }

    private func newToken() -> String {
        random.bytes(32).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// In a time that says nothing of where they differ.
    private static func isSame(_ secret: String, _ given: String) -> Bool {
        let (secret, given) = (Array(secret.utf8), Array(given.utf8))
        guard secret.count == given.count else { return false }
        return zip(secret, given).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
