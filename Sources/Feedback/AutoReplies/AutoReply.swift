package import MailModel

/// An answer that nobody wrote for this mail: out of office, received, gone. RFC 3834
package struct AutoReply: Sendable, Hashable {
    package enum Sign: String, Sendable, Hashable {
        /// RFC 3834 §5: `auto-replied`.
        case autoSubmitted
        /// Fields that answering programs write, beside the standard's.
        case field
        /// The subject alone, in words of one of several languages.
        case subject
    }

    /// What said so.
    package var sign: Sign
    package var from: [String]
    package var subject: String
    /// The mail answered, without angle brackets: RFC 3834 §3.1.5.
    package var inReplyTo: String?

    /// Nil if the mail is none. A mail that a program began, as `auto-generated` says, is none.
    package init?(_ message: MIMEMessage) {
        let header = message.header
        guard let sign = Self.sign(header) else { return nil }
        self.sign = sign
        from = header.first("From").map { AddressScanner.addresses(in: $0.text) } ?? []
        subject = header.first("Subject")?.decodedText ?? ""
        inReplyTo = header.first("In-Reply-To").map { field in
            String(field.text.filter { !"<> \t".contains($0) })
        }
    }

    private static func sign(_ header: HeaderBlock) -> Sign? {
        if let field = header.first("Auto-Submitted") {
            let value = FoldedText(field.text)
            if value.hasPrefix("auto-replied") || value.hasPrefix("auto-response") {
                return .autoSubmitted
            }
            return nil
        }
        // Lists send what others wrote.
        guard header.first("List-Id") == nil, header.first("List-Post") == nil else { return nil }
        if fields.contains(where: { name, values in
            guard let field = header.first(name) else { return false }
            let value = FoldedText(field.text)
            return values.isEmpty || values.contains { value.hasPrefix($0) }
        }) {
            return .field
        }
        let subject = FoldedText(header.first("Subject")?.decodedText ?? "")
        return AutoReplyPhrases.begin.contains { subject.hasPrefix($0) } ? .subject : nil
    }

    /// Fields that say it, with the values that do; all where none is named.
    private static let fields: [(name: String, values: [String])] = [
        ("X-Autoreply", []), ("X-Autorespond", []), ("X-Autoresponder", []),
        ("X-Autoreply-From", []), ("X-Mail-Autoreply", []), ("X-Auto-Reply", []),
        ("X-Vacation", []), ("X-Exim-Autoreply", []),
        ("Precedence", ["auto_reply", "auto-reply", "autoreply"]),
        ("X-Precedence", ["auto_reply", "auto-reply", "autoreply"]),
        ("X-POST-MessageClass", ["9; autoresponder"]),
        ("Delivered-To", ["autoresponder"]), ("X-Mailer", ["vacation", "autoresponder"]),
    ]
}
