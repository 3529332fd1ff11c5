import Accounts
import MailModel
import Storage

/// What people and scripts see of an identity. Times are ISO 8601 in UTC.
package struct IdentityView: Sendable, Codable {
    package var name: String
    package var kind: String
    /// SES v2's `VerificationStatus`.
    package var status: String
    package var statusSince: String
    /// When a status that ends by itself does: `PENDING`, and `TEMPORARY_FAILURE`.
    package var statusEndsAt: String?
    package var isTrusted: Bool
    package var createdAt: String
    /// Lines of a zone file.
    package var recordsToPublish: [String]
    package var lastCheckedAt: String?
    package var lastSuccessAt: String?
    package var nextCheckAt: String?
    /// SES v2's `VerificationInfo.ErrorType` of the last check; nil where the record was there.
    package var errorType: String?
    /// What the last check found, in words.
    package var finding: String?
    /// The TXT records that stood there, as a zone file spells them.
    package var found: [String]
    /// Nil where DKIM was never asked for, and for an address. SES: `NOT_STARTED`
    package var dkim: DKIMView?
    /// Nil where bounces go to the server's own domain.
    package var mailFrom: MailFromView?
    /// Of mails that name none. SES: `ConfigurationSetName`
    package var configurationSet: String?

    init(_ record: IdentityRecord, _ verification: DomainVerification) {
        name = record.name
        kind = record.kind.rawValue
        status = record.status.rawValue
        statusSince = record.statusSince.iso8601Text
        switch record.status {
        case .pending, .temporaryFailure:
            let seconds = DomainVerification.graceSeconds
            statusEndsAt = record.statusSince.advanced(bySeconds: seconds).iso8601Text
        case .success, .failed, .notStarted: statusEndsAt = nil
        }
        isTrusted = record.isTrusted
        createdAt = record.createdAt.iso8601Text
        recordsToPublish = verification.zoneFileLine(of: record).map { [$0] } ?? []
        lastCheckedAt = record.lastCheck?.at.iso8601Text
        lastSuccessAt = record.lastSuccessAt?.iso8601Text
        nextCheckAt = record.nextCheckAt?.iso8601Text
        errorType = record.lastCheck?.error?.rawValue
        finding = record.lastCheck?.detail
        found = record.lastCheck?.found ?? []
    }

    /// Also what it sends with.
    mutating func show(_ sending: SendingIdentity?, _ records: SendingRecords) {
        dkim = DKIMView(sending, records)
        mailFrom = sending?.mailFrom.map { MailFromView($0, records) }
        configurationSet = sending?.configurationSet
    }
}
