import MailModel

/// A mail as a route of Mailgun's forwards it to a URL.
package enum MailgunForm {
    /// What Mailgun's key signs.
    package struct Signature: Sendable {
        /// In seconds.
        package var timestamp: String
        /// Of another for each request.
        package var token: String
        /// In hexadecimal.
        package var signature: String

        package init(timestamp: String, token: String, signature: String) {
            self.timestamp = timestamp
            self.token = token
            self.signature = signature
        }
    }

    /// Bytes of a token: it has 50 characters.
    package static let tokenRandomBytes = 25
    /// Fields of the mail that are fields of the form, too; `message-headers` has all of them.
    static let headerFieldsMax = 200

    // MARK: Parsed

    package static func parsed(_ mail: PostedMail, _ signature: Signature) -> FormData {
        var form = FormData()
        for (name, value) in headerFields(mail.contents.header) { form.add(name, value) }
        addEnvelope(of: mail, to: &form)
        addBodies(of: mail.contents, to: &form)
        form.add("message-headers", text(headers(mail)))
        addFiles(of: mail.contents, to: &form)
        add(signature, to: &form)
        return form
    }

    private static func addEnvelope(of mail: PostedMail, to form: inout FormData) {
        form.add("recipient", mail.recipientTexts.joined(separator: ","))
        form.add("sender", mail.sender)
        form.add("from", mail.list("From"))
        form.add("subject", mail.text("Subject"))
    }

    private static func addBodies(of contents: MailContents, to form: inout FormData) {
        let plain = contents.text ?? ""
        let answer = ReplyText(plain)
        form.add("body-plain", plain)
        form.add("stripped-text", answer.reply)
        if let signature = answer.signature { form.add("stripped-signature", signature) }
        guard let html = contents.html else { return }
        form.add("body-html", html)
        form.add("stripped-html", html)
    }

    private static func addFiles(of contents: MailContents, to form: inout FormData) {
        let files = contents.files
        guard !files.isEmpty else { return }
        form.add("attachment-count", "\(files.count)")
        var fields: [String: String] = [:]
        for (number, file) in zip(1..., files) {
            let field = "attachment-\(number)"
            if let id = file.bareContentID { fields["<\(id)>"] = field }
            form.addFile(
                field, file.formName(else: field), mediaType: file.formMediaType,
                file.content ?? [])
        }
        if !fields.isEmpty { form.add("content-id-map", text(fields)) }
    }

    private static func add(_ signature: Signature, to form: inout FormData) {
        form.add("timestamp", signature.timestamp)
        form.add("token", signature.token)
        form.add("signature", signature.signature)
    }

    // MARK: MIME

    /// For a route to a URL that ends in `mime`. `raw` is the mail, whose own claims about these checks
    /// come behind ours.
    package static func mime(
        _ mail: PostedMail, raw: [UInt8], _ signature: Signature
    ) -> FormData {
        var form = FormData()
        addEnvelope(of: mail, to: &form)
        let found = checks(mail.findings).map { "\($0[0]): \($0[1])\r\n" }.joined()
        form.add("body-mime", Array(found.utf8) + raw)
        add(signature, to: &form)
        return form
    }

    // MARK: Header

    /// What stands in fields of the form, or would be taken for one of them.
    private static let taken: Set<String> = [
        "recipient", "sender", "body-plain", "body-html", "body-mime", "stripped-text",
        "stripped-html", "stripped-signature", "attachment-count", "attachments", "content-id-map",
        "message-headers", "timestamp", "token", "signature", "event",
    ]

    /// The first of each name, spelled as Mailgun does: `Message-Id`.
    private static func headerFields(_ header: HeaderBlock) -> [(name: String, value: String)] {
        var seen = taken
        var fields: [(name: String, value: String)] = []
        for field in header.fields where fields.count < headerFieldsMax {
            let name = field.name.lowercased()
            guard isFormName(name), !name.hasPrefix("attachment-"), !isCheck(name),
                seen.insert(name).inserted
            else { continue }
            let words = name.split(separator: "-", omittingEmptySubsequences: false)
            fields.append(
                (
                    words.map { $0.prefix(1).uppercased() + $0.dropFirst() }
                        .joined(separator: "-"), field.decodedText
                ))
        }
        return fields
    }

    /// Bytes of the name of such a field, so that the head of its part is none that readers refuse.
    static let fieldNameBytesMax = 100

    /// Whether a form's reader takes the name, which is in lower case, for nothing but a name:
    /// frameworks have words of their own that begin with `_` (`_method`), and lists and mappings that
    /// have `[`. All of the header stands in `message-headers`.
    private static func isFormName(_ name: String) -> Bool {
        name.utf8.count <= fieldNameBytesMax && name.utf8.first?.isASCIILetter == true
            && name.utf8.allSatisfy {
                $0.isASCIILetter || $0.isASCIIDigit || "-_.".utf8.contains($0)
            }
    }

    /// All of it, but for what only we may say, which comes first.
    private static func headers(_ mail: PostedMail) -> [[String]] {
        checks(mail.findings)
            + mail.contents.header.fields.filter { !isCheck($0.name.lowercased()) }
            .map { [$0.name, $0.decodedText] }
    }

    private static func isCheck(_ name: String) -> Bool {
        name.hasPrefix("x-mailgun-s") || name == "x-mailgun-dkim-check-result"
    }

    /// What Mailgun adds to the header of what it has checked.
    private static func checks(_ findings: PostedMail.Findings) -> [[String]] {
        var checks: [[String]] = []
        switch findings.spam {
        case .pass, .gray: checks.append(["X-Mailgun-Sflag", "No"])
        case .fail: checks.append(["X-Mailgun-Sflag", "Yes"])
        case .disabled, .processingFailed: break
        }
        if let score = findings.spamScore { checks.append(["X-Mailgun-Sscore", "\(score)"]) }
        if let spf = findings.spf {
            let word = spf == "softfail" ? "SoftFail" : spf.prefix(1).uppercased() + spf.dropFirst()
            checks.append(["X-Mailgun-Spf", word])
        }
        switch findings.dkim {
        case .pass: checks.append(["X-Mailgun-Dkim-Check-Result", "Pass"])
        case .fail: checks.append(["X-Mailgun-Dkim-Check-Result", "Fail"])
        case .gray, .disabled, .processingFailed: break
        }
        return checks
    }

    private static func text(_ value: some Encodable) -> String {
        String(decoding: EventJSON.encode(value), as: UTF8.self)
    }
}
