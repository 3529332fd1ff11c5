import MailModel

/// Reports of failed authentication that tell in prose what RFC 6591's fields would.
enum ProseAuthFailure {
    private static let sentences = [
        "has failed the published dmarc policy for your domain",
        "failed the dmarc policy of your domain",
    ]

    static func read(_ message: MIMEMessage) -> FeedbackReport? {
        let text = ReportText(message)
        let prose = FoldedText(text.lines.joined(separator: "\n").prefix(bytes: 2_000))
        guard prose.contains(anyOf: sentences) else { return nil }
        let fields = text.lines.compactMap { line -> FieldGroups.Field? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return FieldGroups.Field(
                name: line[..<colon].lowercased(),
                value: line[line.index(after: colon)...].trimmed())
        }
        var report = FeedbackReport(feedbackType: "auth-failure")
        report.sourceIP = fields.value("sender ip address") ?? fields.value("source ip")
        report.arrivalDate = fields.value("received date")
        report.reportedDomains = fields.values("sender domain")
        report.original =
            QuotedMail.of(message) ?? text.quoted.map { QuotedMail(Array($0.utf8)[...]) }
        var failure = AuthFailure()
        failure.failure = "dmarc"
        report.authFailure = failure
        return report
    }
}
