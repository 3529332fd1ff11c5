package import MailModel
package import NIOCore
package import SMTPProtocol
package import Storage

/// The port to whoever knows the senders: what their return paths are, and what follows from a
/// try's end.
package protocol DeliveryOffice: Sendable {
    /// The reverse path of the transaction for this recipient.
    func returnPath(of recipient: QueuedRecipient) -> ReversePath
    /// What is written together with the end of a try. May be asked twice for the same. `body`: the
    /// bytes after the mail's head, where it goes back whole.
    func consequences(
        of ending: TryEnding, for recipient: QueuedRecipient, returning body: ByteBuffer?
    ) -> Consequences
}

/// How a try for one recipient ended.
package enum TryEnding: Sendable, Equatable {
    case delivered(RemoteReply, DeliveryAttempt)
    /// Tried again at `next`.
    case deferred(DeliveryProblem, DeliveryAttempt, next: Timestamp)
    /// Not tried any more, because of what a next hop said, or what we know of it.
    case failed(DeliveryProblem, DeliveryAttempt)
    /// Not tried any more: its time is over. The problem of the last try, or, without an attempt,
    /// that of another recipient, which shows that none would help.
    case expired(DeliveryProblem, DeliveryAttempt?)
    /// Not tried any more: an operator has sent it back.
    case returned
    /// Not tried: it was put on the suppression list after the mail was taken.
    case suppressed(SuppressionRecord)
}

/// What is written together with the end of a try.
package struct Consequences: Sendable {
    /// Messages to topics, for the outbox.
    package var deliveries: [TopicDelivery]
    package var suppressions: [SuppressionRecord]
    /// Mails of ours that tell the sender.
    package var reports: [AcceptedSending]

    package init(
        deliveries: [TopicDelivery] = [], suppressions: [SuppressionRecord] = [],
        reports: [AcceptedSending] = []
    ) {
        self.deliveries = deliveries
        self.suppressions = suppressions
        self.reports = reports
    }
}

/// The port to the log and the counters: each call is one line.
package protocol DeliveryLog: Sendable {
    func ended(_ ending: TryEnding, of recipient: QueuedRecipient)
    /// A destination answers nothing as a whole, and is left alone for a while.
    func rests(_ destination: DestinationRecord)
    /// What became of tries could not be written; written again until it can.
    func journalFailed(_ failure: StorageFailure)
    /// The mail's bytes are not what was taken: held until an operator has looked.
    func damaged(_ recipient: QueuedRecipient, _ failure: StorageFailure)
}
