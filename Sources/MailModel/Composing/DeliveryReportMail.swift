/// A mail of ours that says what became of another one. RFC 3464, RFC 6522
///
/// It goes to a mailbox: a mail from the null path cannot have one. 7-bit whatever it reports on:
/// of a mail with other bytes the header section alone is returned, encoded.
package struct DeliveryReportMail: Sendable {
    /// Bytes of a mail that is returned whole.
    package static let returnedBytesMax = 50_000
    /// Bytes of a header section that is returned, to the end of a field.
    package static let headerBytesMax = 20_000

    /// RFC 3464 §2.3.3
    package enum Action: String, Sendable, Hashable, CaseIterable {
        case failed, delayed, relayed, delivered
    }

    /// RFC 3464 §2.3
    package struct Recipient: Sendable {
        package var address: Mailbox
        /// ORCPT as it came.
        package var originalRecipient: String?
        package var action: Action
        package var status: EnhancedStatus
        /// Name of the host that answered.
        package var remoteMTA: String?
        /// What it answered, code first, in one line.
        package var reply: String?
        /// What we have to say where nobody answered.
        package var detail: String?
        package var lastAttemptAt: Timestamp?
        package var willRetryUntil: Timestamp?

        package init(
            address: Mailbox, originalRecipient: String? = nil, action: Action,
            status: EnhancedStatus, remoteMTA: String? = nil, reply: String? = nil,
            detail: String? = nil, lastAttemptAt: Timestamp? = nil,
            willRetryUntil: Timestamp? = nil
        ) {
            self.address = address
            self.originalRecipient = originalRecipient
            self.action = action
            self.status = status
            self.remoteMTA = remoteMTA
            self.reply = reply
            self.detail = detail
            self.lastAttemptAt = lastAttemptAt
            self.willRetryUntil = willRetryUntil
        }
    }

    /// What is returned of the mail.
    package enum Original: Sendable {
        /// Its header section.
        case header(ArraySlice<UInt8>)
        /// All of it. Comes as its header section unless something failed, it is short enough, and
        /// has no bytes beyond ASCII. RFC 3461 §4.3
        case whole(ArraySlice<UInt8>)
    }

    /// Of the report itself.
    package var id: MessageID
    package var at: Timestamp
    /// Right side of its From and Message-ID.
    package var domain: Domain
    /// Whom it is from; nil: the mail system, for what became of a mail on its way. Another does not
    /// want it, and answered in our place.
    package var author: Mailbox?
    /// Who sent the mail that it is about.
    package var recipient: Mailbox
    /// Our name, as we greet others.
    package var reportingMTA: Domain
    package var arrivedAt: Timestamp?
    /// ENVID as it came.
    package var envelopeID: String?
    /// At least one.
    package var recipients: [Recipient]
    package var original: Original

    package init(
        id: MessageID, at: Timestamp, domain: Domain, to recipient: Mailbox, reportingMTA: Domain,
        arrivedAt: Timestamp? = nil, envelopeID: String? = nil, recipients: [Recipient],
        original: Original
    ) {
        self.id = id
        self.at = at
        self.domain = domain
        self.recipient = recipient
        self.reportingMTA = reportingMTA
        self.arrivedAt = arrivedAt
        self.envelopeID = envelopeID
        self.recipients = recipients
        self.original = original
    }

    /// Header section and body, in 7-bit lines with CRLF ends.
    package var bytes: [UInt8] {
        let prose = DeliveryReportProse(
            reportingMTA: reportingMTA, recipients: recipients,
            answerer: author == nil ? "The server there" : "This server")
        let parts = [
            ComposedEntity.text(prose.text),
            ComposedEntity(lines: status(), type: "message/delivery-status"),
            returned,
        ]
        return ComposedEntity.multipart(
            "report", parameters: " report-type=delivery-status;",
            boundarySeed: id.bytes.suffix(16), parts
        ).mail(header(subject: prose.subject)).bytes
    }

    private func header(subject: String) -> [ComposedField] {
        let from = author?.wireText ?? "MAILER-DAEMON@\(domain.ascii)"
        var header = ComposedField.answering(
            from: "Mail Delivery System <\(from)>", to: recipient, subject, id, at: at, domain)
        if let reported = HeaderBlock(originalHeader).first("Message-ID")?.text,
            let references = ComposedField("References", reported)
        {
            header.append(references)
        }
        return header
    }

    // MARK: Fields

    private func status() -> [UInt8] {
        var fields: [ComposedField] = []
        if let envelopeID {
            let text = Xtext.decode(envelopeID) ?? envelopeID
            fields.append(ComposedField("Original-Envelope-Id", prose: text))
        }
        fields.append(ComposedField("Reporting-MTA", prose: "dns; \(reportingMTA.ascii)"))
        if let arrivedAt {
            fields.append(ComposedField("Arrival-Date", prose: arrivedAt.rfc5322Text))
        }
        let groups = [fields] + recipients.map(Self.fields)
        return Array(groups.map { $0.flatMap(\.bytes) }.joined(separator: [13, 10]))
    }

    private static func fields(_ recipient: Recipient) -> [ComposedField] {
        var fields: [ComposedField] = []
        if let original = recipient.originalRecipient.flatMap(Self.original) {
            fields.append(ComposedField("Original-Recipient", prose: original))
        }
        fields += [
            ComposedField("Final-Recipient", prose: typed(recipient.address)),
            ComposedField("Action", prose: recipient.action.rawValue),
            ComposedField("Status", prose: recipient.status.description),
        ]
        if let remote = recipient.remoteMTA {
            fields.append(ComposedField("Remote-MTA", prose: "dns; \(remote)"))
        }
        if let reply = recipient.reply {
            fields.append(ComposedField("Diagnostic-Code", prose: "smtp; \(reply)"))
        } else if let detail = recipient.detail {
            fields.append(ComposedField("Diagnostic-Code", prose: "x-martlet; \(detail)"))
        }
        if let time = recipient.lastAttemptAt {
            fields.append(ComposedField("Last-Attempt-Date", prose: time.rfc5322Text))
        }
        if let time = recipient.willRetryUntil, recipient.action == .delayed {
            fields.append(ComposedField("Will-Retry-Until", prose: time.rfc5322Text))
        }
        return fields
    }

    /// `type; address` of an ORCPT; as it came where it would not be printable. RFC 3461 §4.2
    private static func original(_ parameter: String) -> String? {
        guard let semicolon = parameter.firstIndex(of: ";") else { return nil }
        let address = String(parameter[parameter.index(after: semicolon)...])
        return "\(parameter[..<semicolon]); \(Xtext.decode(address) ?? address)"
    }

    /// An address beyond ASCII in the form that is ASCII. RFC 6533 §3
    private static func typed(_ address: Mailbox) -> String {
        let text = address.wireText
        guard text.utf8.contains(where: { $0 > 127 }) else { return "rfc822; \(text)" }
        let escaped = text.unicodeScalars.map { scalar in
            scalar.value < 128 && scalar != "\\"
                ? String(scalar)
                : "\\x{\(String(scalar.value, radix: 16, uppercase: true))}"
        }
        return "utf-8; \(escaped.joined())"
    }

    // MARK: What is returned

    private var returned: ComposedEntity {
        if case .whole(let mail) = original, mail.count <= Self.returnedBytesMax,
            recipients.contains(where: { $0.action == .failed }), mail.allSatisfy({ $0 < 128 })
        {
            return ComposedEntity(lines: Array(mail), type: "message/rfc822")
        }
        return ComposedEntity(
            encoding: Array(originalHeader.prefix(headerLength)), type: "text/rfc822-headers")
    }

    private var originalHeader: ArraySlice<UInt8> {
        switch original {
        case .header(let bytes), .whole(let bytes): bytes
        }
    }

    /// To the end of the last field that fits.
    private var headerLength: Int {
        HeaderBlock(originalHeader).fields.last { $0.range.upperBound <= Self.headerBytesMax }?
            .range.upperBound ?? 0
    }
}
