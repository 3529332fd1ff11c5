package import MailModel
package import NIOCore

/// A mail that is to be run again: its new row, and whose bytes it gets.
package struct ReplayedMail: Sendable {
    package enum Source: Sendable {
        /// The row of this mail. Bytes in a row are copied from there; a body file has been linked
        /// before.
        case mail(MailID)
        /// An object: head and raw mail, where they belong into the row. A body file has been written
        /// before.
        case object(content: ByteBuffer?)
    }

    /// `record.replay` is set.
    package var record: MailRecord
    package var source: Source

    package init(record: MailRecord, source: Source) {
        self.record = record
        self.source = source
    }
}

/// What one batch adds to a replay.
package struct ReplayStep: Sendable {
    package var replay: Int
    /// In their order.
    package var mails: [ReplayedMail]
    /// Of those that were looked at and are not among `mails`.
    package var obstacles: [ReplayObstacle]
    /// `ReplayProgress.cursor` from now on.
    package var cursor: String?
    /// No mail is left.
    package var isLast: Bool

    package init(
        replay: Int, mails: [ReplayedMail], obstacles: [ReplayObstacle], cursor: String?,
        isLast: Bool
    ) {
        self.replay = replay
        self.mails = mails
        self.obstacles = obstacles
        self.cursor = cursor
        self.isLast = isLast
    }
}

/// What came of one batch.
package struct ReplayAdvance: Sendable {
    /// Nil where it had been cancelled: then nothing was written.
    package var replay: ReplayRecord?
    /// Of the batch's mails those that meanwhile could not be run again; their rows do not exist.
    package var obstacles: [MailID: ReplayObstacle]

    package init(replay: ReplayRecord?, obstacles: [MailID: ReplayObstacle]) {
        self.replay = replay
        self.obstacles = obstacles
    }
}

/// Past mails that are run again. Every write joins the one writer's next group commit.
package protocol ReplayStore: Sendable {
    /// Accepts `wish` durably. Nil where another replay is open: there is one at a time.
    func begin(_ wish: ReplayWish, at time: Timestamp) async throws(StorageFailure) -> ReplayRecord?
    func openReplay() async throws(StorageFailure) -> ReplayRecord?
    func replay(_ number: Int) async throws(StorageFailure) -> ReplayRecord?
    /// The newest first.
    func replays(limit: Int) async throws(StorageFailure) -> [ReplayRecord]
    /// Ends an open one; says whether it was.
    func cancel(replay number: Int, at time: Timestamp) async throws(StorageFailure) -> Bool

    /// Mails as they came (no replays) behind `cursor` that `wish` chooses, in the order in which they
    /// came; its rule is left to the caller.
    func mails(
        for wish: ReplayWish, after cursor: MailID?, limit: Int
    ) async throws(StorageFailure) -> [MailRecord]
    /// What keeps the mail from being run again: a replay of it has not ended, or it was in this one
    /// (`replay`) before.
    func obstacle(
        to original: MailID, in replay: Int?
    ) async throws(StorageFailure) -> ReplayObstacle?
    /// The rows of a mail's replays, the oldest first, at most `limit`.
    func replays(of original: MailID, limit: Int) async throws(StorageFailure) -> [MailID]

    /// Writes a batch's rows and how far the replay is, all or nothing; the mails are due from
    /// `time` on, in their order.
    func advance(_ step: ReplayStep, at time: Timestamp) async throws(StorageFailure)
        -> ReplayAdvance
}
