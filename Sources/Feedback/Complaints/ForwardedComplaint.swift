import MailModel

/// Complaints of feedback loops that are older than RFC 5965: the mail complained about comes as a
/// part, and a field that the loop added names the recipient.
enum ForwardedComplaint {
    private static let fields = ["X-HmXmrOriginalRecipient"]

    static func read(_ message: MIMEMessage) -> FeedbackReport? {
        guard let part = message.parts.first(where: { $0.isMessage && $0.index > 0 }),
            let quoted = QuotedMail.of(message)
        else { return nil }
        let header = part.children.first?.header ?? HeaderBlock(quoted.headerBytes[...])
        let recipients = fields.flatMap { header.all($0) }.flatMap {
            AddressScanner.addresses(in: $0.text)
        }
        guard !recipients.isEmpty else { return nil }
        var report = FeedbackReport(feedbackType: "abuse")
        report.originalRcptTo = recipients
        report.original = quoted
        return report
    }
}
