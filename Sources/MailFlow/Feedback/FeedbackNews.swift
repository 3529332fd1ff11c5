package import Feedback
package import MailModel

/// What a mail that came back says of one recipient of a mail of ours.
package enum FeedbackNews: Sendable, Hashable {
    /// A server took it, and could not deliver it. `reportingMTA`: the name of who says so.
    case bounce(RecipientReport, reportingMTA: String?)
    /// A server took it, and tries on.
    case delay(RecipientReport, reportingMTA: String?)
    /// It arrived, or was handed on to where nobody reports.
    case success(RecipientReport, reportingMTA: String?)
    /// Who got it, or their server, did not want it.
    case complaint(FeedbackReport)
    /// A program answered in the recipient's place.
    case answer(subject: String)

    /// Of a report about several recipients, what it says of `recipient`; where it names others
    /// alone (the members of a list, where mail is forwarded to), what fared worst. Whom it names
    /// decides nothing else. Nil where it tells of no mail.
    package init?(_ feedback: MailFeedback, about recipient: Mailbox) {
        switch feedback {
        case .delivery(let report):
            let found = Self.report(on: recipient, in: report)
            self =
                switch found.action {
                case .failed: .bounce(found, reportingMTA: report.reportingMTA)
                case .delayed: .delay(found, reportingMTA: report.reportingMTA)
                case .delivered, .relayed, .expanded:
                    .success(found, reportingMTA: report.reportingMTA)
                }
        case .complaint(let report): self = .complaint(report)
        case .autoReply(let reply): self = .answer(subject: reply.subject)
        case .aggregate, .tls, .none: return nil
        }
    }

    private static func report(
        on recipient: Mailbox, in report: DeliveryReport
    ) -> RecipientReport {
        let own = report.recipients.filter { told in
            [told.originalAddress, told.finalAddress].contains {
                $0.flatMap { Mailbox($0) } == recipient
            }
        }
        var candidates = report
        if !own.isEmpty { candidates.recipients = own }
        let worst = candidates.action
        return candidates.recipients.first { $0.action == worst } ?? RecipientReport(action: worst)
    }
}

extension FeedbackReport {
    /// Whether somebody did not want the mail. That it was no spam, or failed a check, is told in
    /// the same form. RFC 5965 §7.3, RFC 6591
    var isObjection: Bool { feedbackType != "not-spam" && feedbackType != "auth-failure" }
}
