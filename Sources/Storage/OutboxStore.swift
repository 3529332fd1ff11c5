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
    /// Drops dead and damaged deliveries whose last try was before `time`; says how many, at most
    /// `limit`.
    func expireDead(before time: Timestamp, limit: Int) async throws(StorageFailure) -> Int
    /// Sets deliveries aside, at most `limit`, whose state or time is none, so that no look at what
    /// is due would find them.
    func setLostAside(limit: Int) async throws(StorageFailure)
    func messageCounts() async throws(StorageFailure) -> MessageCounts
    /// Makes dead deliveries of `message` due now, their tries and time counted anew; returns how
    /// many.
    func resend(message: String, now: Timestamp) async throws(StorageFailure) -> Int
}

/// Messages to topics, each counted once for each subscriber that it has not reached: those that
/// wait (for their time, or for a confirmation), dead ones, and those that cannot be read.
package struct MessageCounts: Sendable, Codable, Equatable {
    package var waiting: Int
    package var dead: Int
    package var damaged: Int

    package init(waiting: Int, dead: Int, damaged: Int = 0) {
        self.waiting = waiting
        self.dead = dead
        self.damaged = damaged
    }
}
