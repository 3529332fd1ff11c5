import MailModel
import Storage

/// How the queue of sent mails stands. Times are ISO 8601 in UTC.
package struct SendingStatusView: Sendable, Codable {
    /// Recipients that wait, those that are scheduled among them.
    package var queued: Int
    /// Recipients that wait for an operator.
    package var held: Int
    /// Recipients that are being tried at this moment.
    package var beingTried: Int
    /// When the next of those that wait is looked at; nil where nobody waits.
    package var nextAttemptAt: String?
    /// Destinations that failed as a whole when they were last tried.
    package var restingDestinations: Int
    /// Those among them that are tried again first.
    package var resting: [DestinationView]

    init(
        _ counts: SendingCounts, beingTried: Int, next: String?, resting: [DestinationRecord]
    ) {
        queued = counts.queued
        held = counts.held
        self.beingTried = beingTried
        nextAttemptAt = next
        restingDestinations = counts.restingDestinations
        self.resting = resting.map(DestinationView.init)
    }
}

/// A domain, an address literal or a relay that takes no mail at this time.
package struct DestinationView: Sendable, Codable {
    package var name: String
    /// Tries in a row that it failed as a whole.
    package var failures: Int
    /// Nil where an operator wants it tried now.
    package var restsUntil: String?
    /// What it was that failed last.
    package var detail: String?

    init(_ record: DestinationRecord) {
        name = record.name
        failures = record.failures
        restsUntil = record.restsUntil?.iso8601Text
        detail = record.detail
    }
}
