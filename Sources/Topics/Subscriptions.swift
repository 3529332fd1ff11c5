package import Logging
package import MailModel
package import Storage
import Synchronization

/// Whether the endpoints of web subscribers want what is posted to them: what they, and the
/// operator, have said. SNS: `Subscribe`, `ConfirmSubscription`, `Unsubscribe`.
package final class Subscriptions: Sendable {
    /// Of a token, and so of the messages that wait for it. SNS: two days.
    package static let tokenLifetimeSeconds: Int64 = 172_800

    /// Of held messages that are written in one commit: mail's commits go between.
    package static let heldBatchMax = 500
    /// How often a change is tried that others were quicker than.
    static let triesMax = 8

    let store: any SubscriptionStore
    let directory: TopicDirectory
    let time: any TimeSource
    private let random: any RandomSource
    private let topicARN: @Sendable (String) -> String
    let canConfirm: Bool
    let canMail: Bool
    let log: Logger
    let onChange: @Sendable () -> Void
    /// What the store has, replaced whole after each change.
    private let snapshot = Mutex(Snapshot())
    private let readings = Atomic<Int>(0)
    /// Whose held messages may have to go where their subscription's state wants them.
    let unsettled = Mutex<Set<SubscriberKey>>([])

    private struct Snapshot {
        var reading = 0
        var records: [SubscriberKey: SubscriptionRecord] = [:]
    }

    /// `canConfirm`: there is a public side at which endpoints can. `canMail`: subscribers by mail can
    /// be written to. `onChange` is called when a message may have become due.
    package init(
        store: any SubscriptionStore, directory: TopicDirectory, time: any TimeSource,
        random: any RandomSource, canConfirm: Bool, canMail: Bool = false, log: Logger,
        topicARN: @escaping @Sendable (String) -> String, onChange: @escaping @Sendable () -> Void
    ) {
        self.store = store
        self.directory = directory
        self.time = time
        self.random = random
        self.canConfirm = canConfirm
        self.canMail = canMail
        self.log = log
        self.topicARN = topicARN
        self.onChange = onChange
    }

    package func record(of key: SubscriberKey) -> SubscriptionRecord? {
        snapshot.withLock { $0.records[key] }
    }

    // MARK: The configuration's word

    /// Brings the records to what the configuration names: before anything is delivered.
    ///
    /// Who is confirmed stays so, whether there is a public side now or not. Who was asked and has
    /// not answered stays pending where nobody can answer any more: only the operator's word
    /// stands for theirs.
    package func adopt() async throws(StorageFailure) {
        try await reload()
        var left = snapshot.withLock { $0.records }
        for (topic, subscriber) in directory.all {
            guard case .web(let url) = subscriber.endpoint else { continue }
            let key = SubscriberKey(topic: topic, subscriber: subscriber.name)
            let known = left.removeValue(forKey: key)
            if let known, known.url == url.description {
                if known.state == .pending { try await adopt(pending: known, subscriber) }
                continue
            }
            let isAsked = subscriber.isAsked && canConfirm
            try await move(
                known, fresh(key, url: url.description), to: isAsked ? .pending : .confirmed)
        }
        for record in left.values {
            let isMailed = MailAddressee(url: record.url) != nil && directory.has(record.key.topic)
            guard !isMailed else { continue }
            try await store.removeSubscription(record.key, of: record.account)
        }
        try await reload()
        let decided = snapshot.withLock { $0.records.values.filter { $0.state != .pending } }
        unsettled.withLock { $0.formUnion(decided.map(\.key)) }
    }

    private func adopt(
        pending known: SubscriptionRecord, _ subscriber: Subscriber
    ) async throws(StorageFailure) {
        if !subscriber.isAsked {
            try await move(known, known, to: .confirmed)
        } else if !canConfirm {
            log.warning(
                "a subscriber was asked to confirm, and cannot any more; its messages are held",
                metadata: ["topic": "\(known.key.topic)", "subscriber": "\(known.key.subscriber)"])
        }
    }

    /// A subscription that begins.
    func fresh(_ key: SubscriberKey, url: String) -> SubscriptionRecord {
        let now = time.now()
        return SubscriptionRecord(
            key: key, url: url, id: TopicDirectory.uuidForm(random.bytes(16)), state: .pending,
            token: newToken(), tokenExpiresAt: now, changedAt: now)
    }

    // MARK: The endpoint's word

    /// SNS: `ConfirmSubscription`. The subscription's ARN; nil where the token is no good, and
    /// nothing else is said about it. A token that was used already does no harm.
    package func confirm(
        topicARN arn: String, token: String
    ) async throws(StorageFailure) -> String? {
        for _ in 0..<Self.triesMax {
            let now = time.now()
            let known = snapshot.withLock { current in
                current.records.values.filter { topicARN($0.key.topic) == arn }
            }
            // Each is compared, to its end.
            let found = known.filter {
                Self.isSame($0.token, token) && now < $0.tokenExpiresAt
            }.first
            guard let found else { return nil }
            if found.state == .confirmed { return self.arn(of: found) }
            if try await move(found, found, to: .confirmed) { return self.arn(of: found) }
        }
        throw Self.overtaken
    }

    /// SNS: `Unsubscribe`, without a signature, by whoever has a message. False where there is no
    /// such subscription.
    package func unsubscribe(subscriptionARN: String) async throws(StorageFailure) -> Bool {
        for _ in 0..<Self.triesMax {
            let known = snapshot.withLock { Array($0.records.values) }
            let found = known.filter { Self.isSame(arn(of: $0), subscriptionARN) }.first
            guard let found else { return false }
            if found.state == .unsubscribed { return true }
            if try await move(found, found, to: .unsubscribed) { return true }
        }
        throw Self.overtaken
    }

    static var overtaken: StorageFailure {
        .refused("the subscription was changed by others at the same time")
    }

    // MARK: Changes

    /// `record` into `state` in the place of `known`, with what the endpoint is told of it. False
    /// where somebody else was quicker; what they wrote is known then.
    @discardableResult
    func move(
        _ known: SubscriptionRecord?, _ record: SubscriptionRecord,
        to state: SubscriptionRecord.State
    ) async throws(StorageFailure) -> Bool {
        let (next, delivery) = change(record, to: state)
        let isDone = try await store.replace(known, with: next, publishing: delivery)
        try await reload()
        if isDone { changed(next.key) }
        return isDone
    }

    private func changed(_ key: SubscriberKey) {
        unsettled.withLock { _ = $0.insert(key) }
        onChange()
    }

    private func change(
        _ record: SubscriptionRecord, to state: SubscriptionRecord.State
    ) -> (SubscriptionRecord, TopicDelivery?) {
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
        return (record, canConfirm ? notice.map { deliver($0, to: record.key, at: now) } : nil)
    }

    /// What an endpoint has said is lost with its record: it is asked anew, and gets nothing until
    /// it, or the operator, has said that it wants it.
    private func renew(damaged key: SubscriberKey) async throws(StorageFailure) {
        guard let (url, isAsked) = wanted(key) else {
            return try await store.removeSubscription(key, of: .main)
        }
        let (next, delivery) = change(fresh(key, url: url), to: isAsked ? .pending : .confirmed)
        guard try await store.replaceDamaged(with: next, publishing: delivery) else { return }
        log.error(
            "the record of a subscription is damaged; it begins anew",
            metadata: [
                "topic": "\(key.topic)", "subscriber": "\(key.subscriber)",
                "state": "\(next.state.rawValue)",
            ])
        changed(key)
    }

    /// Where the messages of a subscription are to go, and whether that is asked. Of one by mail,
    /// whose name is all that is left, to people.
    private func wanted(_ key: SubscriberKey) -> (url: String, isAsked: Bool)? {
        if let subscriber = directory.subscriber(key), case .web(let url) = subscriber.endpoint {
            return (url.description, subscriber.isAsked)
        }
        guard key.subscriber.contains("@"), directory.has(key.topic),
            let address = Mailbox(key.subscriber)
        else { return nil }
        return (MailAddressee(address: address, form: .text).url, true)
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

    func reload() async throws(StorageFailure) {
        let damaged = try await read()
        guard !damaged.isEmpty else { return }
        for key in damaged { try await renew(damaged: key) }
        _ = try await read()
    }

    /// Of several at once the one that began last counts, whichever ends last. Answers whose
    /// records cannot be read.
    private func read() async throws(StorageFailure) -> [SubscriberKey] {
        let reading = readings.add(1, ordering: .relaxed).newValue
        let stored = try await store.subscriptions(of: .main)
        let records = Dictionary(stored.records.map { ($0.key, $0) }) { first, _ in first }
        snapshot.withLock { current in
            guard current.reading < reading else { return }
            current = Snapshot(reading: reading, records: records)
            directory.mail(stored.records)
        }
        return stored.damaged
    }

    private func arn(of record: SubscriptionRecord) -> String {
        "\(topicARN(record.key.topic)):\(record.id)"
    }

    private func newToken() -> String {
        Hexadecimal.text(random.bytes(32))
    }

    /// In a time that says nothing of where they differ.
    private static func isSame(_ secret: String, _ given: String) -> Bool {
        let (secret, given) = (Array(secret.utf8), Array(given.utf8))
        guard secret.count == given.count else { return false }
        return zip(secret, given).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
