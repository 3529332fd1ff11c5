package import MailModel

/// The outbox: messages to topics, a row for each subscriber.
package protocol OutboxStore: Sendable {
    /// Adds deliveries that no mail's progress carries.
    func publish(_ deliveries: [TopicDelivery]) async throws(StorageFailure)
    /// Deliveries due at or before `time`, soonest first, none of them to `busy`; those of the
    /// same time in the order in which their messages were made.
    func dueDeliveries(
        at time: Timestamp, limit: Int, excluding busy: Set<SubscriberKey>
    ) async throws(StorageFailure) -> [TopicDelivery]
    /// Removes delivered ones, and writes attempts, next time, state and error of the others.
    func settle(
        delivered: [TopicDelivery], updated: [TopicDelivery]
    ) async throws(StorageFailure)
    func deadDeliveries(limit: Int) async throws(StorageFailure) -> [TopicDelivery]
    /// Drops dead deliveries whose last try was before `time`; says how many.
    func expireDead(before time: Timestamp) async throws(StorageFailure) -> Int
    /// How many deliveries wait (for their time, or for a confirmation), and how many are dead.
    func messageCounts() async throws(StorageFailure) -> MessageCounts
    /// Makes dead deliveries of `message` due now, their tries and time counted anew; returns how
    /// many.
    func resend(message: String, now: Timestamp) async throws(StorageFailure) -> Int
}

/// Messages to topics, each counted once for each subscriber that it has not reached.
package struct MessageCounts: Sendable, Codable, Equatable {
    package var waiting: Int
    package var dead: Int

    package init(waiting: Int, dead: Int) {
        self.waiting = waiting
        self.dead = dead
    }
}
