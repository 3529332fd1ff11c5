package import MailModel

/// A received mail as events describe it: its envelope, and its header section with the lines
/// that we put before it. SES: `mail` of a receipt notification.
package struct ReceivedMail: Sendable {
    package var id: MailID
    package var receivedAt: Timestamp
    package var mailFrom: ReversePath
    /// All envelope recipients, in order.
    package var recipients: [Mailbox]
    /// Lines added by rules, our header block, the mail's own header section; then anything.
    package var header: HeaderBlock

    package init(
        id: MailID, receivedAt: Timestamp, mailFrom: ReversePath, recipients: [Mailbox],
        header: HeaderBlock
    ) {
        self.id = id
        self.receivedAt = receivedAt
        self.mailFrom = mailFrom
        self.recipients = recipients
        self.header = header
    }
}

/// How a rule saw a mail, and which of its actions speaks. SES: `receipt`.
package struct Receipt: Sendable {
    /// The recipients that the rule matched.
    package var recipients: [Mailbox]
    package var processingMilliseconds: Int64
    package var verdicts: ReceiptVerdicts
    package var action: ReceiptActionObject

    package init(
        recipients: [Mailbox], processingMilliseconds: Int64,
        verdicts: ReceiptVerdicts = ReceiptVerdicts(), action: ReceiptActionObject
    ) {
        self.recipients = recipients
        self.processingMilliseconds = processingMilliseconds
        self.verdicts = verdicts
        self.action = action
    }
}

/// SES's words for what was found out about a mail: `PASS`, `FAIL`, `GRAY`, `PROCESSING_FAILED` or
/// `DISABLED`.
package struct ReceiptVerdicts: Sendable {
    package var spam = "DISABLED"
    package var virus = "DISABLED"
    package var spf = "DISABLED"
    package var dkim = "DISABLED"
    package var dmarc = "DISABLED"
    /// `none`, `quarantine` or `reject`; where DMARC failed alone.
    package var dmarcPolicy: String?

    package init() {}
}
