package import MailModel
import Storage

/// What is asked of replays.
package enum ReplayRequest: Sendable, Codable {
    /// What a replay would do, in pages; nothing is done.
    case preview(ReplayChoice)
    case begin(ReplayChoice)
    case show(number: Int)
    case list
    case cancel(number: Int)
}

/// Which mails, and how: as people say it.
package struct ReplayChoice: Sendable, Codable {
    /// Mail ids, or how they begin; empty where all that the rest asks for are meant.
    package var ids: [String] = []
    /// Where the mails are; nil for those of the spool.
    package var bucket: String?
    /// Of the keys of objects of the bucket.
    package var prefix: String?
    /// Addresses: for whom mails of the bucket are of which nothing tells.
    package var recipients: [String] = []
    package var receivedFrom: Timestamp?
    package var receivedBefore: Timestamp?
    package var recipient: String?
    package var rule: String?
    package var isAsNew = false
    package var sends = false

    package init() {}

    /// At most so many ids: each is looked up, and kept with the replay.
    package static let idsMax = 1_000
}

package enum ReplayAnswer: Sendable, Codable {
    /// A part of the answer to `preview`.
    case page([ReplayPreviewView])
    /// The end of it.
    case sum(ReplaySumView)
    case replay(ReplayView)
    case replays([ReplayView])
}

/// What a replay would do with one mail.
package struct ReplayPreviewView: Sendable, Codable {
    package var id: String
    /// Of a bucket, `bucket/key`.
    package var object: String?
    /// Nil where it was removed, and of an object that is not known to be a mail.
    package var mail: MailView?
    /// Why it would not be run again.
    package var obstacle: String?
    /// More about that.
    package var detail: String?
    package var steps: [Step]

    package struct Step: Sendable, Codable {
        package var rule: String
        /// `store mail/tickets/` for instance.
        package var action: String
        package var recipients: [String]
        /// Whom the rule was asked for; nil where rules are asked once for all recipients.
        package var recipient: String?
        /// It sends mail, which this replay does not.
        package var isWithheld: Bool
    }
}

/// How many mails it would be.
package struct ReplaySumView: Sendable, Codable {
    package var ruleSet: String
    package var ruleSetVersion: String
    package var replayed: Int
    /// How many would not be, by the reason.
    package var left: [String: Int]
}

package struct ReplayView: Sendable, Codable {
    package var number: Int
    /// `open`, `ended` or `cancelled`.
    package var state: String
    /// Why an open one does not go on now; nil where it does.
    package var waitsFor: String?
    package var acceptedAt: String
    package var endedAt: String?
    package var ruleSetVersion: String
    /// `bucket/prefix`; nil for mails of the spool.
    package var bucket: String?
    package var isAsNew: Bool
    package var sends: Bool
    /// Mails that were put on their way.
    package var replayed: Int
    /// How many were not, by the reason.
    package var left: [String: Int]

    init(_ record: ReplayRecord, waitsFor: String?) {
        number = record.number
        self.waitsFor = waitsFor
        state = record.endedAt == nil ? "open" : record.isCancelled ? "cancelled" : "ended"
        acceptedAt = record.acceptedAt.iso8601Text
        endedAt = record.endedAt?.iso8601Text
        ruleSetVersion = record.wish.ruleSetVersion
        bucket = record.wish.bucket.map { "\($0.name)/\($0.prefix)" }
        isAsNew = record.wish.isAsNew
        sends = record.wish.sends
        replayed = record.progress.replayed
        left = record.progress.left
    }
}

/// That a mail is one that is run again.
package struct ReplayMarkView: Sendable, Codable {
    package var replay: Int
    package var original: String
    package var messageID: String
    package var sends: Bool
    /// The object that its bytes are from, `bucket/key`.
    package var object: String?

    init(_ mark: ReplayMark) {
        replay = mark.replay
        original = mark.original.text
        messageID = mark.messageID.text
        sends = mark.sends
        object = mark.object
    }
}
