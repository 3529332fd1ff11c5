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
    /// What rules have said of it so far, by name.
    package var tags: [String: [String]]

    package init(
        id: MailID, receivedAt: Timestamp, mailFrom: ReversePath, recipients: [Mailbox],
        header: HeaderBlock, tags: [String: [String]] = [:]
    ) {
        self.id = id
        self.receivedAt = receivedAt
        self.mailFrom = mailFrom
        self.recipients = recipients
        self.header = header
        self.tags = tags
    }
}

/// How a rule saw a mail, and which of its actions speaks. SES: `receipt`.
package struct Receipt: Sendable {
    /// The recipients that the rule matched.
    package var recipients: [Mailbox]
    package var processingMilliseconds: Int64
    package var verdicts: EventVerdicts
    package var action: ReceiptActionObject
    /// Nil for a mail that has just come.
    package var replay: ReceiptReplay?

    package init(
        recipients: [Mailbox], processingMilliseconds: Int64,
        verdicts: EventVerdicts = EventVerdicts(), action: ReceiptActionObject,
        replay: ReceiptReplay? = nil
    ) {
        self.recipients = recipients
        self.processingMilliseconds = processingMilliseconds
        self.verdicts = verdicts
        self.action = action
        self.replay = replay
    }
}

/// That a past mail is run again.
package struct ReceiptReplay: Sendable {
    /// Of the replay that it is part of.
    package var number: Int
    /// The mail as it came.
    package var original: MailID
    package var startedAt: Timestamp
    /// The object that it is run from, `bucket/key`; nil where that is the spool.
    package var object: String?

    package init(number: Int, original: MailID, startedAt: Timestamp, object: String? = nil) {
        self.number = number
        self.original = original
        self.startedAt = startedAt
        self.object = object
    }
}

/// What an event says of what was found out about a mail.
package struct EventVerdicts: Sendable {
    package var spam = ReceiptVerdict.disabled
    package var virus = ReceiptVerdict.disabled
    package var spf = ReceiptVerdict.disabled
    package var dkim = ReceiptVerdict.disabled
    package var dmarc = ReceiptVerdict.disabled
    /// `none`, `quarantine` or `reject`; where DMARC failed alone.
    package var dmarcPolicy: String?

    package init() {}
}
