import ControlPlane
import Storage

/// A mail for people.
enum MailText {
    /// In a table: `acting, unjudged`.
    static func state(_ mail: MailView) -> String {
        mail.state + (mail.isUntaken ? ", untaken" : "")
            + (mail.waitsFor == nil ? "" : ", unjudged")
            + (mail.replay == nil ? "" : ", replay")
    }

    /// How many mails are acting, and how many of them have nothing done with them so far.
    static func acting(_ counts: MailCounts) -> String {
        "\(counts.acting) acting" + (counts.unjudged == 0 ? "" : " (\(counts.unjudged) unjudged)")
    }

    /// `1 of 06h…, as that mail`
    static func text(_ mark: ReplayMarkView) -> String {
        "\(mark.replay) of \(mark.original), "
            + (mark.messageID == mark.original ? "as that mail" : "as a new mail")
            + (mark.sends ? ", sending" : "") + (mark.object.map { ", from \($0)" } ?? "")
    }

    static func write(_ detail: MailDetailView) {
        let mail = detail.mail
        let rows: [(String, String?)] = [
            ("id", mail.id), ("received", mail.receivedAt),
            ("state", mail.isUntaken ? "\(mail.state), taken by no rule" : mail.state),
            ("waits", mail.waitsFor.map { "it is not judged yet: \($0)" }),
            ("from", "<\(mail.mailFrom)>"),
            ("to", mail.recipients.map { "<\($0)>" }.joined(separator: ", ")),
            ("bytes", "\(mail.bytes) (\(detail.content))"),
            ("peer", "\(detail.peerAddress), called itself \(detail.helo)"),
            ("name", "\(detail.peerName ?? "-") (\(detail.peerNameState))"),
            ("tls", (detail.tls ?? "none") + (detail.requiresTLS ? ", required all the way" : "")),
            ("rules", detail.ruleSetVersion),
            ("replay", mail.replay.map(text)),
            (
                "replayed",
                detail.replays.isEmpty ? nil : "as " + detail.replays.joined(separator: ", ")
            ),
        ]
        for case (let name, let value?) in rows { Terminal.row(name, value) }
        VerdictText.write(detail.verdicts, detail.inquiries)
        guard !detail.actions.isEmpty else { return }
        Terminal.write("\n")
        write(detail.actions)
    }

    private static func write(_ actions: [ActionView]) {
        // Sets whose rules are asked once for a mail have nobody to name.
        let isPerRecipient = actions.contains { $0.recipient != nil }
        Terminal.table(
            ["RULE", "ACTION"] + (isPerRecipient ? ["FOR"] : [])
                + ["STATE", "TRIES", "LAST", "NEXT", "DETAIL"],
            actions.map { action in
                [action.rule, "\(action.kind)/\(action.place)"]
                    + (isPerRecipient ? [action.recipient ?? "-"] : [])
                    + [
                        action.state, "\(action.attempts)", action.lastAttemptAt,
                        action.nextAttemptAt ?? "-", action.detail,
                    ]
            })
    }
}
