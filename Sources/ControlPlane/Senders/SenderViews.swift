import Accounts
import MailModel
import Storage

/// What people and scripts see of an access key. Times are ISO 8601 in UTC.
package struct AccessKeyView: Sendable, Codable {
    package var id: String
    package var name: String
    /// AWS's word: `Active`, `Inactive`.
    package var status: String
    package var createdAt: String
    package var lastUsedAt: String?

    init(_ key: AccessKeyRecord) {
        id = key.id
        name = key.name
        status = key.state.rawValue
        createdAt = key.createdAt.iso8601Text
        lastUsedAt = key.usedAt?.iso8601Text
    }
}

/// A key as it is shown once.
package struct NewAccessKeyView: Sendable, Codable {
    package var id: String
    package var name: String
    package var secret: String
    /// The user name is the id.
    package var smtpPassword: String
    /// What the password was derived for.
    package var region: String

    init(_ made: Credentials.Made) {
        id = made.key.id
        name = made.key.name
        secret = made.secret
        smtpPassword = made.smtpPassword
        region = made.region
    }
}

/// An address that is not sent to.
package struct SuppressionView: Sendable, Codable {
    package var address: String
    /// SES's word: `BOUNCE`, `COMPLAINT`.
    package var reason: String
    package var isGlobal: Bool
    package var changedAt: String
    /// The mail whose bounce or complaint it was.
    package var messageID: String?
    package var feedbackID: String?
    package var evidence: String?

    init(_ record: SuppressionRecord) {
        address = record.address
        reason = record.reason.rawValue
        isGlobal = record.scope == .global
        changedAt = record.changedAt.iso8601Text
        messageID = record.messageID?.text
        feedbackID = record.feedbackID
        evidence = record.evidence
    }
}

/// How an identity's mail is signed.
package struct DKIMView: Sendable, Codable {
    /// SES v2's `DkimAttributes.Status`.
    package var status: String
    package var statusSince: String
    /// SES: `SigningEnabled`
    package var isEnabled: Bool
    /// SES: `AWS_SES` (Easy DKIM) or `EXTERNAL`.
    package var origin: String
    package var keys: [Key]
    /// SES v2's `ErrorType` of the last look; nil where the records were there.
    package var errorType: String?
    package var finding: String?
    package var lastCheckedAt: String?
    package var nextCheckAt: String?

    package struct Key: Sendable, Codable {
        package var selector: String
        package var algorithm: String
        package var bits: Int
        package var state: String
        package var stateSince: String
        package var isFound: Bool
        /// A line of a zone file; nil once it may go.
        package var recordToPublish: String?
    }

    init?(_ identity: SendingIdentity?, _ records: SendingRecords) {
        guard let identity, let dkim = identity.dkim else { return nil }
        status = dkim.watch.status.rawValue
        statusSince = dkim.watch.since.iso8601Text
        isEnabled = dkim.isEnabled
        origin = dkim.origin.rawValue
        errorType = dkim.watch.lastCheck?.error?.rawValue
        finding = dkim.watch.lastCheck?.detail
        lastCheckedAt = dkim.watch.lastCheck?.at.iso8601Text
        nextCheckAt = dkim.watch.nextCheckAt?.iso8601Text
        keys = identity.keys.map { key in
            Key(
                selector: key.selector, algorithm: key.facts.algorithm.rawValue,
                bits: key.facts.bits, state: key.facts.state.rawValue,
                stateSince: key.facts.since.iso8601Text, isFound: key.facts.foundAt != nil,
                recordToPublish: key.facts.state == .retired
                    ? nil : records.zoneFileLine(of: key, of: identity.name))
        }
    }
}

/// Where an identity's bounces go.
package struct MailFromView: Sendable, Codable {
    package var domain: String
    /// SES v2's `MailFromDomainStatus`.
    package var status: String
    package var statusSince: String
    /// SES v2's `BehaviorOnMxFailure`.
    package var behaviorOnFailure: String
    /// Lines of a zone file.
    package var recordsToPublish: [String]
    package var errorType: String?
    package var finding: String?
    package var found: [String]
    package var lastCheckedAt: String?
    package var nextCheckAt: String?

    init(_ mailFrom: MailFromSettings, _ records: SendingRecords) {
        domain = mailFrom.domain
        status = mailFrom.watch.status.rawValue
        statusSince = mailFrom.watch.since.iso8601Text
        behaviorOnFailure = mailFrom.behavior.rawValue
        recordsToPublish = records.zoneFileLines(of: mailFrom)
        errorType = mailFrom.watch.lastCheck?.error?.rawValue
        finding = mailFrom.watch.lastCheck?.detail
        found = mailFrom.watch.lastCheck?.found ?? []
        lastCheckedAt = mailFrom.watch.lastCheck?.at.iso8601Text
        nextCheckAt = mailFrom.watch.nextCheckAt?.iso8601Text
    }
}
