import ControlPlane

/// Replays for people.
enum ReplayText {
    static func write(_ preview: ReplayPreviewView) {
        var line = Terminal.bold(Terminal.printable(preview.object ?? preview.id))
        if let mail = preview.mail {
            let recipients = mail.recipients.joined(separator: ", ")
            line +=
                "  \(mail.receivedAt)  "
                + Terminal.printable("<\(mail.mailFrom)> to \(recipients)")
        }
        Terminal.write(line + "\n")
        if let obstacle = preview.obstacle {
            let reason = obstacle + (preview.detail.map { ": \($0)" } ?? "")
            return Terminal.write(
                "    \(Terminal.yellow(Terminal.printable("not: \(reason)")))\n")
        }
        if preview.steps.isEmpty { Terminal.write("    no rule takes it\n") }
        for step in preview.steps {
            let whom = step.recipient.map { " for \($0)" } ?? ""
            let line = Terminal.printable("\(step.rule)\(whom): \(step.action)")
            Terminal.write(
                "    \(line)"
                    + (step.isWithheld ? Terminal.dim("  is left out without --send") : "")
                    + "\n")
        }
    }

    static func write(_ replay: ReplayView) {
        Terminal.write(
            "replay \(replay.number) (\(replay.state))"
                + (replay.bucket.map { Terminal.printable(" from \($0)") } ?? "")
                + ": \(replay.replayed) mail(s) run again"
                + "\(left(replay.left))\n")
        if let reason = replay.waitsFor {
            Terminal.write("    \(Terminal.yellow(Terminal.printable("waits: \(reason)")))\n")
        }
    }

    /// `, 2 not: its raw bytes have expired`
    static func left(_ left: [String: Int]) -> String {
        left.sorted { $0.key < $1.key }.map { ", \($0.value) not: \($0.key)" }.joined()
    }
}
