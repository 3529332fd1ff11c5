package import MailModel
package import NIOCore

/// A mail to accept: its row, and its bytes where they belong into the row.
package struct AcceptedMail: Sendable {
    package var record: MailRecord
    /// Head and raw mail, where `record.bodyPlace` is `row`; nil where a body file holds them,
    /// synced by `BodyFileWriter.finish`, its directory entry not yet: the group commit does that.
    package var content: ByteBuffer?

    package init(record: MailRecord, content: ByteBuffer?) {
        self.record = record
        self.content = content
    }
}

/// What became of a mail in one pass of its actions, written as one unit of a group commit.
package struct MailProgress: Sendable {
    package var mail: MailID
    /// What the mail was found to be, where that is news.
    package var verdicts: VerdictRecord?
    /// With `verdicts` that are not complete: why the rest could not be found out.
    package var waitsFor: String?
    /// Rows to insert or replace.
    package var actions: [ActionRecord]
    /// For the outbox: one for each subscriber of a message's topic.
    package var deliveries: [TopicDelivery]
    /// No rule took the mail, which was not to be told when it came.
    package var isUntaken: Bool
    /// Set when the mail leaves `acting`.
    package var newState: MailRecord.State?
    /// While it stays `acting`: when the next of its actions is due; what `due(at:)` asks. A mail
    /// just accepted is due at once.
    package var nextAttemptAt: Timestamp?

    package init(
        mail: MailID, verdicts: VerdictRecord? = nil, waitsFor: String? = nil,
        actions: [ActionRecord], deliveries: [TopicDelivery], isUntaken: Bool = false,
        newState: MailRecord.State?, nextAttemptAt: Timestamp?
    ) {
        self.mail = mail
        self.verdicts = verdicts
        self.waitsFor = waitsFor
        self.actions = actions
        self.deliveries = deliveries
        self.isUntaken = isUntaken
        self.newState = newState
        self.nextAttemptAt = nextAttemptAt
    }
}

/// Which mails a listing wants; newest first.
package struct MailFilter: Sendable, Codable {
    package var states: [MailRecord.State] = []
    /// Only mails that no rule took.
    package var isUntakenOnly = false
    /// Only mails with a dead action.
    package var hasDeadActionsOnly = false
    /// Only mails as they came.
    package var areReplaysLeftOut = false
    /// Case-insensitive substring of sender or a recipient.
    package var address: String?
    /// Only mails that a rule has tagged so: `name=value`, or any value of `name`.
    package var tag: String?
    /// Only mails before this one.
    package var before: MailID?
    package var limit = 50

    package init() {}
}

/// The spool's rows: everything that is known of received mails. Every write joins the one
/// writer's next group commit; what throws was not written.
package protocol MailStore: Sendable {
    /// Commits `mail` durably together with whatever else waits, then calls `completion` from the
    /// writer's thread, which must not block. This is the promise behind the 250: on `success`
    /// row, body and the body file's directory entry are on stable storage.
    func accept(
        _ mail: AcceptedMail,
        completion: @escaping @Sendable (Result<Void, StorageFailure>) -> Void)

    /// Writes the journal of each mail, its outbox rows and its state; all or nothing for each.
    func record(_ progress: [MailProgress]) async throws(StorageFailure)

    /// Mails in state `acting` that are due at or before `time`, soonest first: just accepted,
    /// left over by an ended process, or with an action to try again.
    func due(at time: Timestamp, limit: Int) async throws(StorageFailure) -> [MailID]
    /// Those of `mails` that are `acting`, in their order, all read at once.
    func acting(_ mails: [MailID]) async throws(StorageFailure) -> [MailRecord]
    /// The journals of `mails`, all read at once; `damaged` for one that cannot be read.
    func journals(
        of mails: [MailID]
    ) async throws(StorageFailure) -> [MailID: Result<[ActionRecord], StorageFailure>]

    func mail(_ id: MailID) async throws(StorageFailure) -> MailRecord?
    func actions(of mail: MailID) async throws(StorageFailure) -> [ActionRecord]
    /// The ids whose text starts with `prefix`, at most `limit`: people type the first characters.
    func mails(startingWith prefix: String, limit: Int) async throws(StorageFailure) -> [MailID]
    func list(_ filter: MailFilter) async throws(StorageFailure) -> [MailRecord]
    /// How many mails are in each state that wants attention; and how many actions are dead.
    /// Costs no look at the mails that are done with.
    func counts() async throws(StorageFailure) -> MailCounts
    /// How many retired mails still have their raw bytes. Looks at all of them.
    func retiredCount() async throws(StorageFailure) -> Int
    /// How many mails are due at `time`, counted no further than `limit`.
    func dueCount(at time: Timestamp, limit: Int) async throws(StorageFailure) -> Int

    /// Head and raw mail from the row of a mail whose body place is `row`.
    /// Throws `damaged` where length or checksum do not agree. Blocks for that one row.
    func content(of mail: MailRecord) async throws(StorageFailure) -> ByteBuffer
    /// The same bytes as they are, whole or not: what an operator looks at.
    func unverifiedContent(of mail: MailRecord) async throws(StorageFailure) -> ByteBuffer

    /// Changes the state of `mail`, if it is one of `from`; says whether it was.
    func move(
        _ mail: MailID, from: Set<MailRecord.State>, to: MailRecord.State
    ) async throws(StorageFailure) -> Bool
    /// Writes length and checksum of `content` into the row of a damaged mail: an operator has looked
    /// at its file and takes it for the mail from now on.
    func takeAsItIs(_ mail: MailID, _ content: ByteBuffer) async throws(StorageFailure)
    /// Makes retrying and dead actions of `mail` due now, their retries counted from now, a mail that
    /// waits to be judged too, and a retired mail `acting` again. Throws `notFound` where the raw
    /// bytes have expired.
    func retry(_ mail: MailID, now: Timestamp) async throws(StorageFailure) -> RetryAnswer
    /// Removes the mail's rows; the caller removes the body file. Says whether it was there.
    func remove(_ mail: MailID) async throws(StorageFailure) -> Bool

    /// Drops the raw bytes of retired mails received before `time`; returns those whose bytes
    /// were in files (for the caller to remove), at most `limit` in all a call. A mail with a
    /// dead action keeps its bytes as long as its row, so that it can be sent again.
    func expireContent(receivedBefore time: Timestamp, limit: Int) async throws(StorageFailure)
        -> ExpiredBatch
    /// Drops the rows of retired mails received before `time`, at most `limit`.
    func expireRows(receivedBefore time: Timestamp, limit: Int) async throws(StorageFailure)
        -> ExpiredBatch
    /// Which of `mails` have a row whose bytes are in a body file: recovery sets others aside.
    func bodyFileOwners(among mails: [MailID]) async throws(StorageFailure) -> Set<MailID>
    /// Bytes that retired mails still hold and that `expireContent` may drop; what a quota is
    /// measured by.
    func retiredBytes() async throws(StorageFailure) -> Int64
}

/// What came of asking that a mail's actions run again.
package enum RetryAnswer: Sendable, Hashable {
    /// They are due now.
    case due
    /// None of its actions is retrying or dead, and it does not wait to be judged.
    case nothingToRetry
    /// The mail is held or damaged, and stays so: it has to be released first.
    case notReleased(MailRecord.State)
}

/// What one round of retention dropped.
package struct ExpiredBatch: Sendable {
    /// Mails touched; fewer than the limit means that nothing is left to do.
    package var count: Int
    /// Those whose body files the caller removes now.
    package var files: [MailID]
    /// Those with a dead action, which nobody can send again from now on.
    package var deadCount: Int

    package init(count: Int, files: [MailID], deadCount: Int) {
        self.count = count
        self.files = files
        self.deadCount = deadCount
    }
}

package struct MailCounts: Sendable, Codable, Equatable {
    package var acting: Int
    /// Of those: how many could not be judged so far.
    package var unjudged: Int
    package var held: Int
    package var damaged: Int
    package var untaken: Int
    package var retryingActions: Int
    package var deadActions: Int

    package init(
        acting: Int, unjudged: Int, held: Int, damaged: Int, untaken: Int, retryingActions: Int,
        deadActions: Int
    ) {
        self.acting = acting
        self.unjudged = unjudged
        self.held = held
        self.damaged = damaged
        self.untaken = untaken
        self.retryingActions = retryingActions
        self.deadActions = deadActions
    }
}
