/// What a domain's mail looked like to one receiver: a DMARC aggregate report. RFC 9990 §3, and the
/// form of RFC 7489 §C. Values of fixed words are in lower case; others are as written.
package struct AggregateReport: Sendable, Hashable {
    /// Records of a report; one that has more is refused.
    package static let recordsMax = 50_000

    package var version: String?
    package var organization = ""
    package var email: String?
    package var extraContactInfo: String?
    package var reportID = ""
    /// Seconds since 1970: the first and the last of the time reported on.
    package var begin: Int64 = 0
    package var end: Int64 = 0
    package var errors: [String] = []
    package var generator: String?
    package var policy = PublishedPolicy()
    package var records: [Record] = []
    /// What was not as it should be, and was read all the same; at most `defectsMax`.
    package var defects: [ReportRefusal] = []
    package static let defectsMax = 100

    /// The policy that the receiver saw. Nil where it is not told.
    package struct PublishedPolicy: Sendable, Hashable {
        package var domain = ""
        package var p: String?
        package var sp: String?
        package var np: String?
        package var adkim: String?
        package var aspf: String?
        package var pct: Int?
        package var fo: String?
        /// RFC 9990 §3.1.1.4: `y` or `n`.
        package var testing: String?
        /// `psl` or `treewalk`
        package var discoveryMethod: String?
    }

    /// Mails of one source that fared alike.
    package struct Record: Sendable, Hashable {
        package struct Reason: Sendable, Hashable {
            package var type: String
            package var comment: String?

            package init(type: String, comment: String? = nil) {
                self.type = type
                self.comment = comment
            }
        }
        package struct DKIM: Sendable, Hashable {
            package var domain: String
            package var selector: String?
            package var result: String
            package var humanResult: String?
        }
        package struct SPF: Sendable, Hashable {
            package var domain: String
            package var scope: String?
            package var result: String
            package var humanResult: String?
        }

        package var sourceIP = ""
        package var count = 0
        package var disposition: String?
        package var dkim: String?
        package var spf: String?
        package var reasons: [Reason] = []
        package var headerFrom = ""
        package var envelopeFrom: String?
        package var envelopeTo: String?
        package var dkimResults: [DKIM] = []
        package var spfResults: [SPF] = []
    }
}
