/// A mail that answers another one by itself. RFC 3834 §3
///
/// 7-bit whatever it says.
package struct AutoReplyMail: Sendable {
    /// Bytes of an id that is referred to, and how many are.
    private static let idBytesMax = 250
    private static let idsMax = 20

    package var id: MessageID
    package var at: Timestamp
    /// Right side of its Message-ID.
    package var domain: Domain
    /// Its local part is ASCII.
    package var author: Mailbox
    package var recipient: Mailbox
    package var subject: String
    package var text: String
    package var html: String?
    /// The header section of the mail that it answers.
    package var original: HeaderBlock

    package init(
        id: MessageID, at: Timestamp, domain: Domain, from author: Mailbox, to recipient: Mailbox,
        subject: String, text: String, html: String?, original: HeaderBlock
    ) {
        self.id = id
        self.at = at
        self.domain = domain
        self.author = author
        self.recipient = recipient
        self.subject = subject
        self.text = text
        self.html = html
        self.original = original
    }

    /// Header section and body, in 7-bit lines with CRLF ends.
    package var bytes: [UInt8] {
        let plain = ComposedEntity.text(text)
        guard let html else { return plain.mail(header).bytes }
        return ComposedEntity.multipart(
            "alternative", boundarySeed: id.bytes.suffix(16), [plain, .html(html)]
        ).mail(header).bytes
    }

    private var header: [ComposedField] {
        var header = ComposedField.answering(
            from: "<\(author.wireText)>", to: recipient, subject, id, at: at, domain)
        // RFC 5322 §3.6.4
        let answered = Self.ids(original.first("Message-ID")).first
        var references = Self.ids(original.first("References"))
        if references.isEmpty {
            let parents = Self.ids(original.first("In-Reply-To"))
            if parents.count == 1 { references = parents }
        }
        if let answered {
            references.append(answered)
            header += [ComposedField("In-Reply-To", answered)].compactMap { $0 }
        }
        let named = references.suffix(Self.idsMax).joined(separator: " ")
        return header + [ComposedField("References", named)].compactMap { $0 }
    }

    private static func ids(_ field: HeaderBlock.Field?) -> [String] {
        guard let field else { return [] }
        return field.text.split(whereSeparator: \.isWhitespace).map(String.init).filter { id in
            id.utf8.count <= idBytesMax && id.hasPrefix("<") && id.hasSuffix(">")
                && id.utf8.allSatisfy { $0 > 32 && $0 < 127 }
        }
    }
}
