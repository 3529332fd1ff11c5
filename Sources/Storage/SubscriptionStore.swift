package import MailModel

/// The subscriptions of web subscribers, and the messages that wait for one.
package protocol SubscriptionStore: Sendable {
    func subscriptions(of account: AccountID) async throws(StorageFailure) -> StoredSubscriptions
    /// Writes `record` and publishes `delivery` in one commit, if what is kept is `known` still
    /// (nil: nothing); says whether it was.
    func replace(
        _ known: SubscriptionRecord?, with record: SubscriptionRecord,
        publishing delivery: TopicDelivery?
    ) async throws(StorageFailure) -> Bool
    /// The same where what is kept cannot be read.
    func replaceDamaged(
        with record: SubscriptionRecord, publishing delivery: TopicDelivery?
    ) async throws(StorageFailure) -> Bool
    func removeSubscription(
        _ key: SubscriberKey, of account: AccountID
    ) async throws(StorageFailure)
    /// Holds those of the messages `ids` that wait for `key`, until `seconds` after their retries
    /// began, if its subscription is pending.
    func hold(
        _ key: SubscriberKey, messages ids: [String], seconds: Int64
    ) async throws(StorageFailure)
    /// Makes held messages of `key` due at `time`, the oldest first and their tries counted anew,
    /// if its subscription is confirmed; says how many, at most `limit`.
    func releaseHeld(
        _ key: SubscriberKey, at time: Timestamp, limit: Int
    ) async throws(StorageFailure) -> Int
    /// Removes held messages of `key`, if it has unsubscribed; says how many, at most `limit`.
    func dropHeld(_ key: SubscriberKey, limit: Int) async throws(StorageFailure) -> Int
    /// Makes held messages dead whose time is over; says how many, at most `limit`.
    func giveUpHeld(at time: Timestamp, limit: Int) async throws(StorageFailure) -> Int
}

/// What is kept of subscriptions, and whose cannot be read.
package struct StoredSubscriptions: Sendable, Equatable {
    package var records: [SubscriptionRecord] = []
    package var damaged: [SubscriberKey] = []

    package init() {}
}
