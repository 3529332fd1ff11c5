import MailModel

/// A mail as SendGrid's Inbound Parse posts it.
package enum SendGridForm {
    // MARK: Parsed

    package static func parsed(_ mail: PostedMail) -> FormData {
        var form = FormData()
        form.add("headers", headers(mail.contents.header))
        addEnvelope(of: mail, to: &form)
        if let text = mail.contents.text { form.add("text", text) }
        if let html = mail.contents.html { form.add("html", html) }
        form.add(
            "charsets", text(charsets(["text", "html", "filename"])))
        addFiles(of: mail.contents, to: &form)
        return form
    }

    /// What both of its kinds have.
    private static func addEnvelope(of mail: PostedMail, to form: inout FormData) {
        form.add("dkim", dkim(mail.findings))
        form.add("SPF", mail.findings.spf ?? "none")
        form.add("sender_ip", mail.peerAddress)
        form.add("envelope", text(Envelope(to: mail.recipientTexts, from: mail.sender)))
        form.add("from", mail.list("From"))
        form.add("to", mail.list("To"))
        if mail.contents.header.first("Cc") != nil { form.add("cc", mail.list("Cc")) }
        form.add("subject", mail.text("Subject"))
        if let score = mail.findings.spamScore { form.add("spam_score", "\(score)") }
        if !mail.findings.spamReport.isEmpty {
            form.add("spam_report", mail.findings.spamReport.joined(separator: "\n"))
        }
    }

    private static func addFiles(of contents: MailContents, to form: inout FormData) {
        let files = contents.files
        form.add("attachments", "\(files.count)")
        guard !files.isEmpty else { return }
        var facts: [String: Attachment] = [:]
        var ids: [String: String] = [:]
        for (number, file) in zip(1..., files) {
            let field = "attachment\(number)"
            let name = file.formName(else: field)
            let type = file.formMediaType
            facts[field] = Attachment(
                filename: name, name: name, type: type, contentID: file.bareContentID)
            if let id = file.bareContentID { ids[id] = field }
            form.addFile(field, name, mediaType: type, file.content ?? [])
        }
        form.add("attachment-info", text(facts))
        if !ids.isEmpty { form.add("content-ids", text(ids)) }
    }

    // MARK: Raw

    /// As with “POST the raw, full MIME message”; `raw` is the mail.
    package static func raw(_ mail: PostedMail, raw: [UInt8]) -> FormData {
        var form = FormData()
        addEnvelope(of: mail, to: &form)
        form.add("charsets", text(charsets([])))
        form.add("email", raw)
        return form
    }

    // MARK: Values

    private struct Envelope: Encodable {
        var to: [String]
        var from: String
    }

    private struct Attachment: Encodable {
        var filename: String
        var name: String
        var type: String
        var contentID: String?

        private enum CodingKeys: String, CodingKey {
            case filename, name, type
            case contentID = "content-id"
        }
    }

    /// Everything is sent in UTF-8, whatever it came in.
    private static func charsets(_ others: [String]) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: (["to", "from", "cc", "subject"] + others).map { ($0, "UTF-8") })
    }

    /// A line for each field, unfolded, encoded words as they are: who reads it does so as a mail.
    private static func headers(_ header: HeaderBlock) -> String {
        header.fields.map { "\($0.name): \(line($0))\n" }.joined()
    }

    /// What is no UTF-8 is told decoded, and so is what would end the line.
    private static func line(_ field: HeaderBlock.Field) -> String {
        let text = String(validating: field.body, as: UTF8.self)
        let isPlain = field.body.allSatisfy { $0 >= 32 && $0 != 127 || $0 == 9 }
        return isPlain ? text ?? field.decodedText : field.decodedText
    }

    private static func dkim(_ findings: PostedMail.Findings) -> String {
        guard findings.dkimDomains.isEmpty else {
            return "{\(findings.dkimDomains.map { "@\($0) : pass" }.joined(separator: ", "))}"
        }
        return findings.dkim == .fail ? "fail" : "none"
    }

    private static func text(_ value: some Encodable) -> String {
        String(decoding: EventJSON.encode(value), as: UTF8.self)
    }
}
