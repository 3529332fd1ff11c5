package import MailModel

/// The subscriptions of web subscribers, and the messages that wait for one.
package protocol SubscriptionStore: Sendable {
    func subscriptions() async throws(StorageFailure) -> [SubscriptionRecord]
    /// Writes `record`, publishes `delivery`, and makes held messages due at its `changedAt` where
    /// it is confirmed: in one commit.
    func put(
        _ record: SubscriptionRecord, publishing delivery: TopicDelivery?
    ) async throws(StorageFailure)
    func removeSubscription(_ key: SubscriberKey) async throws(StorageFailure)
    /// Holds those of the messages `ids` that wait for `key`, until `seconds` after their retries
    /// began, if its subscription is pending.
    func hold(
        _ key: SubscriberKey, messages ids: [String], seconds: Int64
    ) async throws(StorageFailure)
    /// Makes held messages dead whose time is over; says how many.
    func giveUpHeld(at time: Timestamp) async throws(StorageFailure) -> Int
}
