package import MailModel

/// What makes a received mail one that is run again: another row of a mail that came before, with a
/// journal of its own, so that what became of the first is kept. Of one that was run from a bucket the
/// first may have come elsewhere, or long ago.
package struct ReplayMark: Sendable, Hashable {
    /// The number of the replay that made it.
    package var replay: Int
    /// The mail as it came, whose row may be gone.
    package var original: MailID
    /// As what the mail is shown to whoever gets it, and names what is stored: that of the mail as it
    /// came, so that who saw that knows this one, or this row's own.
    package var messageID: MailID
    /// Whether actions run that send mails.
    package var sends: Bool
    /// The object that its bytes are from, `bucket/key`; nil where they are from the spool.
    package var object: String?

    package init(
        replay: Int, original: MailID, messageID: MailID, sends: Bool, object: String? = nil
    ) {
        self.replay = replay
        self.original = original
        self.messageID = messageID
        self.sends = sends
        self.object = object
    }
}

extension MailRecord {
    /// The id that handlers, topics and objects know the mail by. SES: `mail.messageId`.
    package var messageID: MailID { replay?.messageID ?? id }
}
