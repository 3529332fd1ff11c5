import Accounts
import MailModel

/// How the service domain's records stand on the name server that takes them from us. Times are ISO
/// 8601 in UTC.
package struct ServiceZoneView: Sendable, Codable {
    /// When all of them were there last; nil: not since the start.
    package var pushedAt: String?
    /// Why they are not known to be there now, and what to do about it.
    package var failure: String?
    package var advice: String?
    package var nextTryAt: String?

    init(_ status: ServiceZoneKeeper.Status) {
        pushedAt = status.pushedAt?.iso8601Text
        failure = status.failure
        advice = status.advice
        nextTryAt = status.nextTryAt?.iso8601Text
    }
}
