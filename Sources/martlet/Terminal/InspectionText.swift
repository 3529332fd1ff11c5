import ControlPlane

/// What is seen in a mail, for people.
enum InspectionText {
    static func write(_ mail: MailInspection) {
        let rows: [(String, String?)] = [
            ("from", mail.from.isEmpty ? nil : mail.from.joined(separator: ", ")),
            ("to", mail.to.isEmpty ? nil : mail.to.joined(separator: ", ")),
            ("cc", mail.cc.isEmpty ? nil : mail.cc.joined(separator: ", ")),
            ("subject", mail.subject), ("date", mail.date), ("message-id", mail.messageID),
            ("bytes", "\(mail.bytes), header \(mail.headerBytes)"),
        ]
        for case (let name, let value?) in rows { Terminal.row(name, value) }
        for field in mail.forgedResults { Terminal.row("forged", field) }
        if let feedback = mail.feedback { FeedbackText.write(feedback) }
        VerdictText.write(mail.verdicts, mail.inquiries)
        Terminal.write("\n")
        Terminal.table(
            ["PART", "TYPE", "CHARSET", "ENCODING", "BYTES", "NAME"],
            mail.parts.map { part in
                let indent = String(repeating: "  ", count: min(part.depth, 20))
                return [
                    indent + (part.section.isEmpty ? "-" : part.section), part.type,
                    part.charset ?? "-", part.transferEncoding, "\(part.bytes)",
                    part.name ?? part.disposition ?? "-",
                ]
            })
        writeAttachments(mail)
        writeCalendars(mail)
        guard !mail.defects.isEmpty else { return }
        Terminal.write("\n")
        Terminal.table(
            ["LINE", "DEFECT"],
            mail.defects.map { ["\($0.line)", $0.fact] })
    }

    private static func writeCalendars(_ mail: MailInspection) {
        let rows = mail.parts.flatMap { part in
            (part.calendar?.events ?? []).map { event in
                [
                    part.section, part.calendar?.method ?? "-", event.start ?? "-",
                    event.end ?? "-", event.organizer ?? "-", event.summary ?? "-",
                    event.location ?? "-",
                ]
            }
        }
        guard !rows.isEmpty else { return }
        Terminal.write("\n")
        Terminal.table(["EVENT", "METHOD", "FROM", "TO", "BY", "SUMMARY", "WHERE"], rows)
        if mail.parts.contains(where: { $0.calendar?.isCut == true }) {
            Terminal.write("… and more\n")
        }
    }

    private static func writeAttachments(_ mail: MailInspection) {
        guard !mail.attachments.isEmpty else { return }
        Terminal.write("\n")
        Terminal.table(
            ["ATTACHMENT", "SAYS", "IS", "BYTES", "SHA-256", "NAMES"],
            mail.attachments.map { attachment in
                let place = attachment.container == "part" ? "" : " (\(attachment.container))"
                return [
                    attachment.section + place, attachment.declaredType ?? "-",
                    attachment.seenType ?? "-", "\(attachment.bytes)",
                    String(attachment.sha256.prefix(16)),
                    attachment.names.isEmpty
                        ? "-"
                        : attachment.names.map { "\($0.value) [\($0.place)]" }
                            .joined(separator: ", "),
                ]
            })
        if mail.isCut { Terminal.write("… and more\n") }
    }
}
