package import MailModel

/// How often, in one day of UTC, connections to one exchanger were secured, or failed in one way:
/// what reports to a domain's owner are made of. RFC 8460 §4
package struct TLSResultCount: Sendable, Hashable {
    package enum Policy: String, Sendable, Codable {
        case sts
        case tlsa
        case none = "no-policy-found"
        /// Not known: of what came when a day had `rowsMax` rows already.
        case others
    }

    package struct Key: Sendable, Hashable {
        /// Days since 1970-01-01, in UTC.
        package var day: Int
        /// Of the recipient's address, as A-labels.
        package var domain: String
        package var policy: Policy
        /// The receiving exchanger; empty where none was reached.
        package var host: String
        /// RFC 8460 §4.3: the kind of the failure; empty: the session was secured as asked.
        package var failure: String

        package init(
            day: Int, domain: String, policy: Policy, host: String = "", failure: String = ""
        ) {
            self.day = day
            self.domain = domain
            self.policy = policy
            self.host = host
            self.failure = failure
        }

        /// Of everything that finds no room of its own on `day`.
        package static func others(on day: Int) -> Key {
            Key(day: day, domain: "", policy: .others)
        }
    }

    /// Rows of a day, the one for others aside.
    package static let rowsMax = 10_000
    /// How long they are kept.
    package static let daysKept = 30

    package var key: Key
    package var sessions: Int

    package init(_ key: Key, sessions: Int) {
        self.key = key
        self.sessions = sessions
    }

    package static func day(of time: Timestamp) -> Int { Int(time.milliseconds / 86_400_000) }
}

/// Where counts of how connections were secured are kept.
package protocol TLSResultStore: Sendable {
    /// Adds to what is there; all, or nothing where it throws. What would be more than `rowsMax`
    /// rows of a day is added to the row for others.
    func add(_ counts: [TLSResultCount], rowsMax: Int) async throws(StorageFailure)
    /// Of one day, by domain, policy, exchanger and failure.
    func tlsResults(of day: Int) async throws(StorageFailure) -> [TLSResultCount]
    func expireTLSResults(before day: Int) async throws(StorageFailure)
}
