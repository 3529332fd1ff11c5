package import Feedback

/// What a mail tells of mails that were sent, for people and scripts. What is not told is left out.
package struct FeedbackView: Sendable, Codable {
    /// `bounce`, `delay`, `success`, `complaint`, `authFailure`, `autoReply`, `aggregateReport` or
    /// `tlsReport`.
    package var kind: String
    /// Who reports: a server, a program, an organisation; of an automatic answer, its author.
    package var reporter: String?
    /// Of bounces, delays, successes and complaints.
    package var recipients: [Recipient]?
    /// What is known of the mail that it is about.
    package var original: Original?
    /// `abuse`, `auth-failure`, …: RFC 5965.
    package var complaintType: String?
    /// The address that a complaint's mail came from.
    package var sourceAddress: String?
    /// Of a DMARC or TLS report.
    package var report: Report?

    package struct Recipient: Sendable, Codable {
        /// Empty where the report names nobody.
        package var address: String
        package var action: String?
        /// RFC 3463
        package var status: String?
        /// `hard`, `soft` or `undetermined`; of a bounce alone.
        package var permanence: String?
        /// SES's `bounceType` and `bounceSubType`; of a bounce alone.
        package var bounceType: String?
        package var bounceSubType: String?
        /// Our own word; finer than SES's.
        package var reason: String?
        package var diagnostic: String?

        init(address: String) { self.address = address }
    }

    package struct Original: Sendable, Codable {
        package var messageID: String?
        package var from: [String]
        package var to: [String]
    }

    package struct Report: Sendable, Codable {
        package var id: String?
        package var domains: [String]
        /// ISO 8601 in UTC; of a TLS report as written.
        package var begin: String?
        package var end: String?
        /// Mails of a DMARC report, sessions of a TLS report.
        package var count: Int
        /// Those that did not pass, or failed.
        package var failed: Int
        /// Why it is none that can be read.
        package var refused: String?
    }

    /// Nil for a mail that tells nothing of the kind.
    package init?(_ feedback: MailFeedback) {
        kind = feedback.kind.rawValue
        switch feedback {
        case .none: return nil
        case .delivery(let delivery): note(delivery)
        case .complaint(let complaint): note(complaint)
        case .autoReply(let reply):
            reporter = reply.from.first
            original = reply.inReplyTo.map { Original(messageID: $0, from: [], to: []) }
        case .aggregate(.report(let aggregate)): note(aggregate)
        case .tls(.report(let report)): note(report)
        case .aggregate(.refused(let refusal)), .tls(.refused(let refusal)):
            report = Report(
                id: nil, domains: [], begin: nil, end: nil, count: 0, failed: 0,
                refused: refusal.description)
        }
    }
}
