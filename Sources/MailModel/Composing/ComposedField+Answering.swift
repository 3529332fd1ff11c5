extension ComposedField {
    /// The head of a mail that answers one by itself. RFC 3834 §3
    static func answering(
        from author: String, to recipient: Mailbox, _ subject: String, _ id: MessageID,
        at time: Timestamp, _ domain: Domain
    ) -> [ComposedField] {
        ownHead(from: author, to: recipient, "auto-replied", subject, id.text, at: time, domain)
    }

    /// The head of a mail that a program sends by itself; `kind` is RFC 3834 §5's. `id`: left
    /// side of its Message-ID.
    static func ownHead(
        from author: String, to recipient: Mailbox, _ kind: String, _ subject: String,
        _ id: String, at time: Timestamp, _ domain: Domain
    ) -> [ComposedField] {
        // An address that is not ASCII has no 7-bit form in a header: a group names nobody.
        let isPlain = recipient.localPart.utf8.allSatisfy { $0 < 128 }
        return [
            ComposedField("From", prose: author),
            ComposedField("To", prose: isPlain ? recipient.wireText : "sender:;"),
            ComposedField("Date", prose: time.rfc5322Text),
            ComposedField("Message-ID", prose: "<\(id)@\(domain.ascii)>"),
            ComposedField("Auto-Submitted", prose: kind),
            ComposedField("Subject", text: subject),
        ]
    }
}
