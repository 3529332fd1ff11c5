package import MailModel

/// The outbox: messages to topics, a row for each subscriber.
package protocol OutboxStore: Sendable {
    /// Adds deliveries that no mail's progress carries.
    func publish(_ deliveries: [TopicDelivery]) async throws(StorageFailure)
    /// Deliveries due at or before `time`, oldest first.
    func dueDeliveries(
        at time: Timestamp, limit: Int
    ) async throws(StorageFailure) -> [TopicDelivery]
    /// When the next delivery is due, if any waits.
    func nextDelivery() async throws(StorageFailure) -> Timestamp?
    /// Removes delivered ones, and writes attempts, next time, state and error of the others.
    func settle(
        delivered: [TopicDelivery], updated: [TopicDelivery]
    ) async throws(StorageFailure)
    func deadDeliveries(limit: Int) async throws(StorageFailure) -> [TopicDelivery]
    /// Makes dead deliveries of `message` due now; returns how many.
    func resend(message: String, now: Timestamp) async throws(StorageFailure) -> Int
}
