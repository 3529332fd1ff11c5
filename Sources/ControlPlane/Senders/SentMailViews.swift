import MailModel
import NIOCore
package import Storage

/// What people and scripts see of a recipient of a sent mail. Times are ISO 8601 in UTC.
package struct SentRecipientView: Sendable, Codable {
    package var messageID: String
    package var acceptedAt: String
    /// Empty for the null path.
    package var sender: String
    package var recipient: String
    package var state: String
    /// Where it waits: a domain, or a relay.
    package var destination: String
    package var attempts: Int
    package var lastAttemptAt: String?
    /// Nil where it is not tried any more; not before its destination's rest is over.
    package var nextAttemptAt: String?
    /// Where it waits for a destination that failed as a whole: what is known of that.
    package var waitsFor: DestinationView?
    package var expiresAt: String
    /// What was last said of it.
    package var detail: String?
    /// Of the whole mail.
    package var bytes: Int

    /// Of it, or where nothing was, of the destination that it waits for.
    package var lastWord: String? { detail ?? waitsFor?.detail }

    /// `resting` are destinations that failed as a whole, by their names.
    init(
        _ mail: SentMailRecord, _ recipient: SentRecipient, _ resting: [String: DestinationRecord]
    ) {
        let isQueued = recipient.state == .queued
        let rest = isQueued ? resting[recipient.destination] : nil
        messageID = mail.id.text
        acceptedAt = mail.acceptedAt.iso8601Text
        sender = mail.sender.wireText
        self.recipient = recipient.address.wireText
        state = recipient.state.rawValue
        destination = recipient.destination
        attempts = recipient.attempts
        lastAttemptAt = recipient.lastAttemptAt?.iso8601Text
        let next = max(recipient.dueAt, rest?.restsUntil ?? recipient.dueAt)
        nextAttemptAt = isQueued ? next.iso8601Text : nil
        waitsFor = rest.map(DestinationView.init)
        expiresAt = recipient.expiresAt.iso8601Text
        detail = recipient.detail
        bytes = mail.head.readableBytes + mail.bodyLength
    }
}

/// One sent mail with all that is known of it.
package struct SentMailView: Sendable, Codable {
    package var messageID: String
    package var acceptedAt: String
    /// `queued` while somebody of its recipients is not done with.
    package var state: String
    package var sender: String
    /// The identity that it is sent as.
    package var identity: String
    /// The access key's name, or the local user's.
    package var caller: String
    package var configurationSet: String?
    package var tags: [String: [String]]
    package var bytes: Int
    package var recipients: [SentRecipientView]

    init(
        _ mail: SentMailRecord, _ recipients: [SentRecipient],
        _ resting: [String: DestinationRecord]
    ) {
        messageID = mail.id.text
        acceptedAt = mail.acceptedAt.iso8601Text
        state = mail.state.rawValue
        sender = mail.sender.wireText
        identity = mail.facts.identity
        caller = mail.facts.caller
        configurationSet = mail.facts.configurationSet
        tags = mail.facts.tags
        bytes = mail.head.readableBytes + mail.bodyLength
        self.recipients = recipients.map { SentRecipientView(mail, $0, resting) }
    }
}

/// What came of a change to sent mails.
package struct SentMailChangeView: Sendable, Codable {
    package var change: String
    /// Recipients.
    package var count: Int
    /// Those that were being tried at this moment, and were left alone.
    package var busy: Int
    /// Whether nothing was done.
    package var isDry: Bool

    package init(change: String, count: Int = 0, busy: Int = 0, isDry: Bool) {
        self.change = change
        self.count = count
        self.busy = busy
        self.isDry = isDry
    }
}

/// Which recipients of sent mails are meant, as somebody asks for them.
package struct SentMailFilter: Sendable, Codable {
    /// The storage's words; none: those that are not done with.
    package var states: [SentRecipient.State] = []
    package var messageID: String?
    /// A part of a recipient's address.
    package var to: String?
    package var toDomain: String?
    /// A part of the sender's address.
    package var from: String?
    package var olderThanSeconds: Int64?
    package var limit = 100

    package init() {}

    /// Whether it means every mail.
    package var isEmpty: Bool {
        states.isEmpty && messageID == nil && to == nil && toDomain == nil && from == nil
            && olderThanSeconds == nil
    }
}
