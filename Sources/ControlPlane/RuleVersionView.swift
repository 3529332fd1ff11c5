import MailModel
package import Storage

/// A version of a rule set that is, or was, in force. Times are ISO 8601 in UTC.
package struct RuleVersionView: Sendable, Codable {
    package var version: String
    package var ruleSet: String
    package var isInForce: Bool
    package var firstInForceAt: String
    /// When it came into force last.
    package var inForceAt: String
    /// Why it did then; nil where that is not known.
    package var cause: RuleSetCause?
    /// How many of the mails that there are it has judged.
    package var mails: Int

    init(_ version: RuleSetVersion, isInForce: Bool, mails: Int) {
        self.version = version.version
        ruleSet = version.name
        self.isInForce = isInForce
        firstInForceAt = version.firstInForceAt.iso8601Text
        inForceAt = version.inForceAt.iso8601Text
        cause = version.cause
        self.mails = mails
    }
}
