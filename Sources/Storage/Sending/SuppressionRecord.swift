package import MailModel

/// An address that is not sent to any more, and why. SES: `SuppressedDestination`
package struct SuppressionRecord: Sendable, Hashable {
    /// As SES spells it.
    package enum Reason: String, Sendable, Codable, CaseIterable {
        case bounce = "BOUNCE"
        case complaint = "COMPLAINT"
    }

    /// Whose list it stands on.
    package enum Scope: Sendable, Hashable {
        case account(AccountID)
        /// Above all accounts: no account overrides it.
        case global
    }

    package var scope: Scope
    /// In lower case, its domain as A-labels: SES compares so.
    package var address: String
    package var reason: Reason
    package var changedAt: Timestamp
    /// The mail whose bounce or complaint it was; SES: `Attributes.MessageId`. Nil where a person put
    /// it there.
    package var messageID: MessageID?
    /// SES: `Attributes.FeedbackId`
    package var feedbackID: String?
    /// What was said, in one line.
    package var evidence: String?

    package init(
        scope: Scope, address: String, reason: Reason, changedAt: Timestamp,
        messageID: MessageID? = nil, feedbackID: String? = nil, evidence: String? = nil
    ) {
        self.scope = scope
        self.address = address
        self.reason = reason
        self.changedAt = changedAt
        self.messageID = messageID
        self.feedbackID = feedbackID
        self.evidence = evidence
    }

    /// How an address is written on the list.
    package static func address(_ mailbox: Mailbox) -> String {
        mailbox.wireText.lowercased()
    }
}

/// Which addresses a listing wants; in the order of the addresses.
package struct SuppressionFilter: Sendable, Codable {
    package var reasons: [SuppressionRecord.Reason] = []
    package var since: Timestamp?
    package var until: Timestamp?
    /// Only addresses after this one.
    package var after: String?
    package var limit = 100

    package init() {}
}

/// The suppression lists.
package protocol SuppressionStore: Sendable {
    /// Those of `addresses` that stand on the list of `account` or on the global one; the global
    /// entry where both have one. Blocks.
    func suppressions(
        of addresses: [String], account: AccountID
    ) throws(StorageFailure) -> [String: SuppressionRecord]
    func suppression(
        _ address: String, in scope: SuppressionRecord.Scope
    ) async throws(StorageFailure) -> SuppressionRecord?
    /// Puts each, in place of one that is there.
    func put(_ suppressions: [SuppressionRecord]) async throws(StorageFailure)
    /// Says how many were there.
    func removeSuppressions(
        of addresses: [String], in scope: SuppressionRecord.Scope
    ) async throws(StorageFailure) -> Int
    func list(
        _ filter: SuppressionFilter, in scope: SuppressionRecord.Scope
    ) async throws(StorageFailure) -> [SuppressionRecord]
}
