import Feedback
import MailModel

extension FeedbackView {
    mutating func note(_ delivery: DeliveryReport) {
        reporter = delivery.reportingMTA
        recipients = delivery.recipients.map(Recipient.init)
        original = delivery.original.map(Original.init)
    }

    mutating func note(_ complaint: FeedbackReport) {
        reporter = complaint.userAgent ?? complaint.reportingMTA
        recipients = complaint.recipients.map { Recipient(address: $0) }
        original = complaint.original.map(Original.init)
        complaintType = complaint.feedbackType
        sourceAddress = complaint.sourceIP
    }

    mutating func note(_ aggregate: AggregateReport) {
        reporter = aggregate.organization
        let failed = aggregate.records.filter { $0.dkim != "pass" && $0.spf != "pass" }
        report = Report(
            id: aggregate.reportID, domains: [aggregate.policy.domain],
            begin: Self.time(aggregate.begin), end: Self.time(aggregate.end),
            count: Self.sum(aggregate.records.map(\.count)),
            failed: Self.sum(failed.map(\.count)), refused: nil)
    }

    mutating func note(_ tls: TLSReport) {
        reporter = tls.organizationName
        let (good, bad) = (
            tls.policies.map(\.summary.successful), tls.policies.map(\.summary.failed)
        )
        report = Report(
            id: tls.reportID, domains: tls.policies.map(\.policy.domain),
            begin: tls.dateRange.start, end: tls.dateRange.end, count: Self.sum(good + bad),
            failed: Self.sum(bad), refused: nil)
    }

    /// Numbers of strangers: a sum that has no room is as large as there is room.
    private static func sum(_ counts: [Int]) -> Int {
        counts.reduce(0) { sum, count in
            let (value, isOver) = sum.addingReportingOverflow(max(0, count))
            return isOver ? .max : value
        }
    }

    private static func time(_ seconds: Int64) -> String? {
        // Until the year 9999.
        (0...253_402_300_799).contains(seconds)
            ? Timestamp(milliseconds: seconds * 1_000).iso8601Text : nil
    }
}

extension FeedbackView.Recipient {
    init(_ report: RecipientReport) {
        self.init(address: report.address)
        action = report.action.rawValue
        status = report.status?.description
        diagnostic = report.diagnostic
        guard let bounce = report.bounceType else { return }
        permanence =
            switch bounce.type {
            case .permanent: "hard"
            case .transient: "soft"
            case .undetermined: "undetermined"
            }
        bounceType = bounce.type.rawValue
        bounceSubType = bounce.subtype.rawValue
        reason = report.reason.rawValue
    }
}

extension FeedbackView.Original {
    init(_ quoted: QuotedMail) {
        self.init(messageID: quoted.messageID, from: quoted.from, to: quoted.to)
    }
}
