import ControlPlane

/// Replays for people.
enum ReplayText {
    static func write(_ preview: ReplayPreviewView) {
        guard let mail = preview.mail else {
            return Terminal.write("\(Terminal.bold(preview.id))\n    not: it was removed\n")
        }
        let recipients = mail.recipients.joined(separator: ", ")
        Terminal.write(
            "\(Terminal.bold(mail.id))  \(mail.receivedAt)  "
                + Terminal.printable("<\(mail.mailFrom)> to \(recipients)") + "\n")
        if let obstacle = preview.obstacle {
            return Terminal.write("    \(Terminal.yellow("not: \(obstacle)"))\n")
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
            "replay \(replay.number) (\(replay.state)): \(replay.replayed) mail(s) run again"
                + "\(left(replay.left))\n")
    }

    /// `, 2 not: its raw bytes have expired`
    static func left(_ left: [String: Int]) -> String {
        left.sorted { $0.key < $1.key }.map { ", \($0.value) not: \($0.key)" }.joined()
    }
}
