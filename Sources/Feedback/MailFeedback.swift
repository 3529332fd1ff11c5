package import MailModel

/// What a mail tells of mails that were sent: what became of them, what their recipients, or the
/// recipients' servers, think of them.
package enum MailFeedback: Sendable, Hashable {
    /// A bounce, a delay, or a success.
    case delivery(DeliveryReport)
    case complaint(FeedbackReport)
    case autoReply(AutoReply)
    /// A DMARC aggregate report, or why what says to be one is none.
    case aggregate(ReadReport<AggregateReport>)
    case tls(ReadReport<TLSReport>)
    /// Nothing of these.
    case none

    package enum Kind: String, Sendable, Hashable {
        case bounce, delay, success, complaint, authFailure, autoReply, aggregateReport, tlsReport
        case other
    }

    package var kind: Kind {
        switch self {
        case .delivery(let report):
            switch report.action {
            case .failed: .bounce
            case .delayed: .delay
            case .delivered, .relayed, .expanded: .success
            }
        case .complaint(let report):
            report.feedbackType == "auth-failure" ? .authFailure : .complaint
        case .autoReply: .autoReply
        case .aggregate: .aggregateReport
        case .tls: .tlsReport
        case .none: .other
        }
    }

    /// Reading never fails. What is formal comes before what is guessed: a complaint that quotes a
    /// bounce is a complaint.
    package static func read(_ message: MIMEMessage) -> MailFeedback {
        if let report = FeedbackReport(message) ?? ForwardedComplaint.read(message) {
            return .complaint(report)
        }
        if let attachment = ReportAttachment(message) {
            return switch attachment.kind {
            case .aggregate: .aggregate(AggregateReport.read(packed: attachment.bytes))
            case .tls: .tls(TLSReport.read(packed: attachment.bytes))
            }
        }
        if let report = ProseAuthFailure.read(message) { return .complaint(report) }
        if let report = DeliveryReport(message) { return .delivery(report) }
        if let feedback = ServiceNotification(message)?.feedback { return feedback }
        if let report = FreeFormReader(message).report() { return .delivery(report) }
        if let reply = AutoReply(message) { return .autoReply(reply) }
        return .none
    }
}
