import ControlPlane

/// A mail for people.
enum MailText {
    static func write(_ detail: MailDetailView) {
        let mail = detail.mail
        let rows = [
            ("id", mail.id), ("received", mail.receivedAt),
            ("state", mail.isUntaken ? "\(mail.state), taken by no rule" : mail.state),
            ("from", "<\(mail.mailFrom)>"),
            ("to", mail.recipients.map { "<\($0)>" }.joined(separator: ", ")),
            ("bytes", "\(mail.bytes) (\(detail.content))"),
            ("peer", "\(detail.peerAddress), called itself \(detail.helo)"),
            ("name", "\(detail.peerName ?? "-") (\(detail.peerNameState))"),
            ("tls", detail.tls ?? "none"), ("rules", detail.ruleSetVersion),
        ]
        for (name, value) in rows { Terminal.row(name, value) }
        VerdictText.write(detail.verdicts, detail.inquiries)
        guard !detail.actions.isEmpty else { return }
        Terminal.write("\n")
        Terminal.table(
            ["RULE", "ACTION", "STATE", "TRIES", "LAST", "NEXT", "DETAIL"],
            detail.actions.map {
                [
                    $0.rule, "\($0.kind)/\($0.position)", $0.state, "\($0.attempts)",
                    $0.lastAttemptAt, $0.nextAttemptAt ?? "-", $0.detail,
                ]
            })
    }
}
