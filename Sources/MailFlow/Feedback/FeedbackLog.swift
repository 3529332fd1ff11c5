package import MailModel
package import Storage

/// The port to the mail log and the counters, as far as feedback goes: each call is one line.
package protocol FeedbackLog: Sendable {
    /// The received mail `report` told this of a sent mail's recipient, for the first time.
    func told(_ news: FeedbackNews, of queued: QueuedRecipient, by report: MailID)
}
