import MailModel

extension DeliveryReport {
    /// What the parts of a mail say; nil if none is a delivery status. RFC 3464 §2, RFC 6522 §3
    init?(_ message: MIMEMessage) {
        let parts = message.parts.filter { part in
            !part.isInMessage && Self.types.contains(part.contentType.essence)
        }
        let statuses = parts.compactMap { DeliveryStatus(FieldGroups(ReportText.text(of: $0))) }
        guard let status = statuses.first else { return nil }
        self.init(status, original: QuotedMail.of(message), prose: ReportText(message).lines)
    }

    private static let types: Set<String> = [
        "message/delivery-status", "message/global-delivery-status", "text/rfc3464",
    ]

    /// Of fields; `prose` is what the report says beside them.
    init(_ status: DeliveryStatus, original: QuotedMail?, prose: [String] = []) {
        self.init(recipients: status.recipients, original: original, isFormal: true)
        reportingMTA = status.message.typedValue("reporting-mta")?.value
        receivedFromMTA = status.message.typedValue("received-from-mta")?.value
        originalEnvelopeID = status.message.value("original-envelope-id")
        arrivalDate = status.message.value("arrival-date")
        fillAddress(from: prose)
        for index in recipients.indices {
            recipients[index].read(
                fields: recipients.count == 1 ? prose : lines(of: index, in: prose))
        }
    }

    /// Those that name one recipient of several, and those that follow them to an empty one.
    private func lines(of index: Int, in prose: [String]) -> [String] {
        // The prose is gone through for each.
        guard recipients.count <= FreeFormReader.recipientsMax else { return [] }
        let wanted = recipients[index].address.lowercased()
        var isOfRecipient = false
        return prose.filter { line in
            if line.isEmpty {
                isOfRecipient = false
            } else if line.contains("@") {
                isOfRecipient = line.lowercased().contains(wanted)
            }
            return isOfRecipient
        }
    }

    /// QUIRK: fields whose recipient is a file or a user's name.
    private mutating func fillAddress(from prose: [String]) {
        guard recipients.count == 1, recipients[0].address.isEmpty else { return }
        let told = RecipientFinder(prose, others: []).found().found
        recipients[0].finalAddress = told.first?.address ?? original?.to.first
    }
}

extension RecipientReport {
    /// Completes what fields gave with what their diagnostic text, or else `prose`, says.
    mutating func read(fields prose: [String]) {
        let said = diagnostic.map { [$0] } ?? []
        reply = SMTPReply(in: said) ?? SMTPReply(in: prose)
        refineStatus(from: diagnostic ?? reply?.text ?? "")
        decide(answer: diagnostic ?? reply?.text ?? "", context: said + prose)
    }

    /// Completes a recipient with what lines of prose say of it.
    mutating func read(_ lines: [String]) {
        reply = SMTPReply(in: lines)
        let text = lines.joined(separator: "\n")
        status = reply.flatMap { EnhancedStatus(in: $0.text) } ?? EnhancedStatus(in: text)
        diagnostic = text.trimmed().prefix(bytes: Self.diagnosticBytesMax)
        decide(answer: reply?.text ?? "", context: lines)
    }

    /// The other server's own status is closer to the cause than what this one made of it.
    private mutating func refineStatus(from text: String) {
        guard let exact = EnhancedStatus(in: text), exact.class != 2, !exact.isGeneric else {
            return
        }
        if let status, !status.isGeneric, status.class != exact.class { return }
        status = exact
    }

    private mutating func decide(answer: String, context: [String]) {
        guard action == .failed || action == .delayed else { return }
        let all = context.joined(separator: "\n").prefix(bytes: Self.contextBytesMax)
        reason = ReasonReader.reason(
            .init(
                answer: FoldedText(answer.prefix(bytes: Self.diagnosticBytesMax)),
                context: FoldedText(all), status: status, code: reply?.code))
    }

    /// Bytes of prose that are looked through for a reason.
    private static let contextBytesMax = 8_000
}

extension QuotedMail {
    /// The front of the first message, or header block, that a mail carries as a part.
    static func of(_ message: MIMEMessage) -> QuotedMail? {
        for part in message.parts where !part.isInMessage && part.index > 0 {
            let essence = part.contentType.essence
            if part.isMessage {
                if let inner = part.encodedMessage() { return QuotedMail(inner.bytes[...]) }
                return QuotedMail(part.rawBody)
            }
            if essence == "text/rfc822-headers" || essence == "message/global-headers"
                || essence == "text/rfc822" || essence == "message/rfc822-headers"
            {
                return QuotedMail(part.decodedBody(bytesMax: headerBytesMax)[...])
            }
        }
        return nil
    }
}
