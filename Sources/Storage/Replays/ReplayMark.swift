package import MailModel

/// What makes a received mail one that is run again: another row of a mail that came before, with a
/// journal of its own, so that what became of the first is kept.
package struct ReplayMark: Sendable, Hashable {
    /// The number of the replay that made it.
    package var replay: Int
    /// The row of the mail as it came.
    package var original: MailID
    /// As what the mail is shown to whoever gets it, and names what is stored: that of the mail as it
    /// came, so that who saw that knows this one, or this row's own.
    package var messageID: MailID
    /// Whether actions run that send mails.
    package var sends: Bool

    package init(replay: Int, original: MailID, messageID: MailID, sends: Bool) {
        self.replay = replay
        self.original = original
        self.messageID = messageID
        self.sends = sends
    }
}

extension MailRecord {
    /// The id that handlers, topics and objects know the mail by. SES: `mail.messageId`.
    package var messageID: MailID { replay?.messageID ?? id }
}
