import ControlPlane

/// What a mail tells of mails that were sent, for people.
enum FeedbackText {
    static func write(_ feedback: FeedbackView) {
        let reporter = feedback.reporter.map { " by \($0)" } ?? ""
        let type = feedback.complaintType.map { " (\($0))" } ?? ""
        Terminal.write("\n")
        Terminal.row("reports", "\(feedback.kind)\(type)\(reporter)")
        if let address = feedback.sourceAddress { Terminal.row("source", address) }
        if let original = feedback.original {
            let people = (original.from + ["->"] + original.to).joined(separator: " ")
            Terminal.row(
                "about", "\(original.messageID ?? "a mail")\(people == "->" ? "" : ", \(people)")")
        }
        if let report = feedback.report { write(report) }
        guard let recipients = feedback.recipients, !recipients.isEmpty else { return }
        Terminal.write("\n")
        Terminal.table(
            ["RECIPIENT", "ACTION", "STATUS", "KIND", "REASON", "SAYS"],
            recipients.map {
                [
                    $0.address.isEmpty ? "-" : $0.address, $0.action ?? "-", $0.status ?? "-",
                    $0.permanence ?? "-", $0.reason ?? "-", $0.diagnostic ?? "-",
                ]
            })
    }

    private static func write(_ report: FeedbackView.Report) {
        if let refused = report.refused { return Terminal.row("unreadable", refused) }
        Terminal.row("report", report.id ?? "-")
        Terminal.row("domains", report.domains.joined(separator: ", "))
        Terminal.row("time", "\(report.begin ?? "-") to \(report.end ?? "-")")
        Terminal.row("counts", "\(report.count), of which failed \(report.failed)")
    }
}
