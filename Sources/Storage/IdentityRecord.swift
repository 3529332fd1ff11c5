package import MailModel

/// A verified, or to be verified, domain or address: the record that receiving and sending share.
/// SES: identities of both APIs (v1 `Success`, v2 `SUCCESS`).
///
/// | status of a domain | what a check does | who leaves it |
/// |---|---|---|
/// | `PENDING` | looks often, then less and less | the record is found → `SUCCESS`; 72 hours → `FAILED` |
/// | `SUCCESS` | looks once a day | the record is surely gone → `TEMPORARY_FAILURE` |
/// | `TEMPORARY_FAILURE` | looks once an hour | found → `SUCCESS`; surely gone after 72 hours → `FAILED` |
/// | `FAILED` | looks when somebody asks | found → `SUCCESS`; added again → `PENDING` |
///
/// A DNS that does not answer changes nothing but `PENDING` at its end. Mail is taken in `SUCCESS`
/// and `TEMPORARY_FAILURE`.
package struct IdentityRecord: Sendable, Hashable {
    package enum Kind: String, Sendable, Codable { case domain, address }

    /// SES v2's `VerificationStatus`, as its wire spells it.
    package enum Status: String, Sendable, Codable {
        case pending = "PENDING"
        case success = "SUCCESS"
        case failed = "FAILED"
        case temporaryFailure = "TEMPORARY_FAILURE"
        case notStarted = "NOT_STARTED"

        /// Whether mail of the identity is taken. SES: a verified identity stays usable while its
        /// records are missing for a time.
        package var isUsable: Bool {
            switch self {
            case .success, .temporaryFailure: true
            case .pending, .failed, .notStarted: false
            }
        }
    }

    package var account: AccountID
    /// A domain's A-label form, or `local@domain` with the local part's case kept.
    package var name: String
    package var kind: Kind
    package var status: Status
    /// Whether `status` stands by the operator's word and no check may change it.
    package var isTrusted: Bool
    package var createdAt: Timestamp
    /// What the domain's TXT record has to say; nil where nobody has asked for one.
    package var token: String?
    /// When it came into its status.
    package var statusSince: Timestamp
    package var lastCheck: IdentityCheck?
    package var lastSuccessAt: Timestamp?
    /// When it is to be looked at by itself; nil: only when somebody asks.
    package var nextCheckAt: Timestamp?

    package init(
        account: AccountID, name: String, kind: Kind, status: Status, isTrusted: Bool,
        createdAt: Timestamp, token: String? = nil
    ) {
        self.account = account
        self.name = name
        self.kind = kind
        self.status = status
        self.isTrusted = isTrusted
        self.createdAt = createdAt
        self.token = token
        statusSince = createdAt
    }
}
