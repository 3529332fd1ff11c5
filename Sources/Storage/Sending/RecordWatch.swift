package import MailModel

/// How records of the DNS that somebody else is to publish have been found so far: the states of
/// the table above `IdentityRecord`, for what an identity sends with.
package struct RecordWatch: Sendable, Hashable, Codable {
    package var status: IdentityRecord.Status
    /// When it came into its status.
    package var since: Timestamp
    package var lastCheck: IdentityCheck?
    package var lastSuccessAt: Timestamp?
    /// When it is to be looked at by itself; nil: only when somebody asks.
    package var nextCheckAt: Timestamp?

    package init(
        status: IdentityRecord.Status, since: Timestamp, lastCheck: IdentityCheck? = nil,
        lastSuccessAt: Timestamp? = nil, nextCheckAt: Timestamp? = nil
    ) {
        self.status = status
        self.since = since
        self.lastCheck = lastCheck
        self.lastSuccessAt = lastSuccessAt
        self.nextCheckAt = nextCheckAt
    }

    /// Of records that are looked for from now on.
    package static func pending(from time: Timestamp) -> RecordWatch {
        RecordWatch(status: .pending, since: time, nextCheckAt: time)
    }
}
