package import MailModel

/// A verified, or to be verified, domain or address: the record that receiving and sending share.
/// SES: identities of both APIs (v1 `Success`, v2 `SUCCESS`).
package struct IdentityRecord: Sendable, Hashable {
    package enum Kind: String, Sendable, Codable { case domain, address }

    /// SES v2's `VerificationStatus`, as its wire spells it.
    package enum Status: String, Sendable, Codable {
        case pending = "PENDING"
        case success = "SUCCESS"
        case failed = "FAILED"
        case temporaryFailure = "TEMPORARY_FAILURE"
        case notStarted = "NOT_STARTED"
    }

    package var account: AccountID
    /// A domain's A-label form, or `local@domain` with the local part's case kept.
    package var name: String
    package var kind: Kind
    package var status: Status
    /// Whether `status` stands by the operator's word and no check may change it.
    package var isTrusted: Bool
    package var createdAt: Timestamp

    package init(
        account: AccountID, name: String, kind: Kind, status: Status, isTrusted: Bool,
        createdAt: Timestamp
    ) {
        self.account = account
        self.name = name
        self.kind = kind
        self.status = status
        self.isTrusted = isTrusted
        self.createdAt = createdAt
    }
}
