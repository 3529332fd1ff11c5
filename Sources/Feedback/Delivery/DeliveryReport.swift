package import MailModel

/// What became of a mail at one or more of its recipients, as a server reports it: by RFC 3464 and
/// RFC 6533, or in prose.
package struct DeliveryReport: Sendable, Hashable {
    /// Recipients that are read; a report that names more is cut.
    package static let recipientsMax = 1_000

    /// Without a type before it; nil where the report does not tell.
    package var reportingMTA: String?
    package var receivedFromMTA: String?
    /// RFC 3464 §2.2.1, the ENVID of the mail reported on.
    package var originalEnvelopeID: String?
    /// As written.
    package var arrivalDate: String?
    /// Empty where the report names nobody.
    package var recipients: [RecipientReport]
    /// What the report quotes of the mail.
    package var original: QuotedMail?
    /// Whether fields told it, not prose.
    package var isFormal: Bool

    package init(recipients: [RecipientReport], original: QuotedMail?, isFormal: Bool) {
        self.recipients = recipients
        self.original = original
        self.isFormal = isFormal
    }

    /// That of the recipient who fared worst.
    package var action: RecipientReport.Action {
        let actions = Set(recipients.map(\.action))
        return [.failed, .delayed, .expanded, .relayed, .delivered].first { actions.contains($0) }
            ?? .failed
    }
}

/// What became of a mail at one recipient. RFC 3464 §2.3
package struct RecipientReport: Sendable, Hashable {
    package enum Action: String, Sendable, Hashable {
        case failed, delayed, delivered, relayed, expanded
    }

    /// Bytes of a diagnostic text that are kept.
    package static let diagnosticBytesMax = 2_000

    /// The address that the mail was sent to, as far as the report tells: the original one if it is
    /// there, else the final one. Empty where the report names nobody.
    package var address: String { originalAddress ?? finalAddress ?? "" }
    /// RFC 3464 §2.3.2, and what it was expanded from
    package var finalAddress: String?
    /// RFC 3464 §2.3.1, decoded from RFC 3461's xtext and RFC 6533's forms
    package var originalAddress: String?
    package var action: Action
    package var status: EnhancedStatus?
    package var reply: SMTPReply?
    /// What the report says of this recipient; at most `diagnosticBytesMax`.
    package var diagnostic: String?
    package var remoteMTA: String?
    /// As written.
    package var lastAttemptDate: String?
    package var willRetryUntil: String?
    package var reason: BounceReason = .undetermined

    package init(action: Action) { self.action = action }

    package var permanence: Permanence {
        switch status?.class ?? reply.map({ $0.code / 100 }) {
        case 5: .permanent
        case 4: .temporary
        default: .undetermined
        }
    }

    /// Nil unless it failed.
    package var bounceType: BounceType? {
        guard action == .failed else { return nil }
        let type = BounceType(reason: reason, permanence: permanence)
        let isNamed = !address.isEmpty
        return isNamed || type.type != .permanent ? type : BounceType(.permanent, .noEmail)
    }
}

/// The front of a mail that a report is about.
package struct QuotedMail: Sendable, Hashable {
    /// Bytes of a header block that are kept.
    package static let headerBytesMax = 65_536

    /// As quoted; it may be cut.
    package var headerBytes: [UInt8]
    /// Without angle brackets.
    package var messageID: String?
    package var to: [String]
    package var from: [String]

    package init(_ bytes: ArraySlice<UInt8>) {
        let header = HeaderBlock(bytes.prefix(Self.headerBytesMax))
        headerBytes = Array(header.bytes)
        messageID = header.first("Message-ID").map { field in
            String(field.text.filter { !"<> \t".contains($0) })
        }
        to = header.all("To").flatMap { AddressScanner.addresses(in: $0.text) }
        from = header.first("From").map { AddressScanner.addresses(in: $0.text) } ?? []
    }
}
