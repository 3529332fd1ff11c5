package import MailModel

/// What an operator asked to have run again: kept as it was asked, so that a start goes on with it.
package struct ReplayWish: Sendable, Hashable, Codable {
    /// Objects that are run again as the mails that they are.
    package struct Bucket: Sendable, Hashable, Codable {
        package var name: String
        /// Of their keys.
        package var prefix: String
        /// For whom those are of which nothing tells; empty where nobody said.
        package var recipients: [String]

        package init(name: String, prefix: String, recipients: [Mailbox]) {
            self.name = name
            self.prefix = prefix
            self.recipients = recipients.map(\.wireText)
        }
    }

    /// The mails, in this order; empty where all that the rest asks for are meant.
    package var ids: [MailID] = []
    /// Where the mails are; nil for those of the spool.
    package var bucket: Bucket?
    /// Only mails received then or later; of a bucket, objects written then or later.
    package var receivedFrom: Timestamp?
    /// Only mails received earlier; of a bucket, objects written earlier.
    package var receivedBefore: Timestamp?
    /// Case-insensitive substring of a recipient.
    package var recipient: String?
    /// Only mails that a rule of this name took when they came.
    package var rule: String?
    /// Whether the mails get new ids.
    package var isAsNew = false
    /// Whether actions run that send mails.
    package var sends = false
    /// The rules that run.
    package var ruleSetVersion: String
    /// Only mails before this one: none that come meanwhile. Of a bucket, objects written before its
    /// time.
    package var before: MailID

    package init(ruleSetVersion: String, before: MailID) {
        self.ruleSetVersion = ruleSetVersion
        self.before = before
    }
}

/// Why a mail that was chosen is not run again.
package enum ReplayObstacle: String, Sendable, Codable, CaseIterable {
    case contentGone = "its raw bytes have expired"
    case unfinished = "its actions have not ended"
    case held = "it is held"
    case damaged = "it is damaged"
    case replaying = "an earlier replay of it has not ended"
    case removed = "it was removed"
    case unreadable = "it cannot be read or decrypted"
    case noMail = "it is no mail"
    case tooLarge = "it is larger than a mail may be"
    case noRecipient = "nothing tells for whom it was, and --to does not say it"
    case twice = "the same mail was run again before, from another object"

    /// What keeps a mail in `state` from it.
    package init?(_ state: MailRecord.State) {
        switch state {
        case .acting: self = .unfinished
        case .held: self = .held
        case .damaged: self = .damaged
        case .retired: return nil
        }
    }
}

/// How far a replay has come.
package struct ReplayProgress: Sendable, Hashable, Codable {
    /// Behind which mail, or key of an object, it goes on; nil at the beginning.
    package var cursor: String?
    /// Mails that were put on their way.
    package var replayed = 0
    /// How many were not, by the raw value of the obstacle.
    package var left: [String: Int] = [:]

    package init() {}

    package mutating func note(_ obstacle: ReplayObstacle) {
        left[obstacle.rawValue, default: 0] += 1
    }
}

/// | state | what it means | the one step that leaves it |
/// |---|---|---|
/// | open | accepted; mails are put on their way, batch by batch | the batch with the last mail, or `replay cancel` |
/// | ended | `endedAt`; nothing more comes of it | none: the newest 100 are kept |
package struct ReplayRecord: Sendable, Hashable {
    /// From 1.
    package var number: Int
    package var acceptedAt: Timestamp
    package var endedAt: Timestamp?
    package var isCancelled: Bool
    package var wish: ReplayWish
    package var progress: ReplayProgress

    package init(
        number: Int, acceptedAt: Timestamp, endedAt: Timestamp?, isCancelled: Bool,
        wish: ReplayWish, progress: ReplayProgress
    ) {
        self.number = number
        self.acceptedAt = acceptedAt
        self.endedAt = endedAt
        self.isCancelled = isCancelled
        self.wish = wish
        self.progress = progress
    }
}
