import Foundation
package import MailModel
package import Storage
import Synchronization

/// Every store in one SQL database, written through one group commit. The statements of each port
/// stand in a file of their own.
package final class SQLStore: Sendable {
    let database: any SQLDatabase
    let writer: GroupCommit
    /// The database was made when this was: nothing was ever known in it.
    package let isNew: Bool
    /// Told the id of each mail that was set aside because its row cannot be read.
    let onUnreadableRow: @Sendable (String) -> Void
    /// Told the id and the subscriber of each message that was set aside likewise.
    let onUnreadableMessage: @Sendable (String, String) -> Void
    /// Told each address that is found on a suppression list with a row that cannot be read: it is not
    /// sent to.
    let onUnreadableSuppression: @Sendable (String) -> Void
    let time: any TimeSource

    /// Brings the schema up to date. Throws `StorageFailure`; `onSyncFailure` is called once, from
    /// the writer's thread, when a sync failed: the process takes no more mail and ends.
    package init(
        database: any SQLDatabase, bodies: any BodyFiles, time: any TimeSource,
        onUnreadableRow: @escaping @Sendable (String) -> Void = { _ in },
        onUnreadableMessage: @escaping @Sendable (String, String) -> Void = { _, _ in },
        onUnreadableSuppression: @escaping @Sendable (String) -> Void = { _ in },
        onSyncFailure: @escaping @Sendable (StorageFailure) -> Void
    ) throws(StorageFailure) {
        self.onUnreadableRow = onUnreadableRow
        self.onUnreadableMessage = onUnreadableMessage
        self.onUnreadableSuppression = onUnreadableSuppression
        self.time = time
        let now = time.now().milliseconds
        var isNew = false
        try database.write { connection throws(StorageFailure) in
            isNew = try Schema.migrate(connection, database.dialect, atMilliseconds: now)
        }
        self.isNew = isNew
        self.database = database
        writer = GroupCommit(database: database, bodies: bodies, onSyncFailure: onSyncFailure)
    }

    /// The version of the tables: how many migrations have run.
    package var schemaVersion: Int { Schema.migrations(database.dialect).count }

    /// Commits what waits; nothing is taken after it. Blocks.
    package func close() {
        writer.close()
    }

    /// Moves the log into the database file, off the commit path. Blocks.
    package func checkpoint() throws(StorageFailure) {
        do throws(StorageFailure) {
            try database.checkpoint()
        } catch {
            if error.isSyncFailure { writer.end(because: error) }
            throw error
        }
    }

    /// Returns when a commit that writes something has ended well; one of nothing does, too, while
    /// the disk is full. Leaves nothing.
    package func commitTrial() async throws(StorageFailure) {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                "INSERT INTO setting (account, name, value) VALUES ($1, $2, $3)",
                [.text(""), .text("trial"), .text("")])
            try connection.execute(
                "DELETE FROM setting WHERE account = $1 AND name = $2", [.text(""), .text("trial")])
        }
    }

    /// Returns when the writer has committed what waited before; throws where it cannot commit.
    package func commitNothing() async throws(StorageFailure) {
        try await write { _ throws(StorageFailure) in }
    }

    /// Ends the writer where the database was moved or replaced. A commit sees that by itself; this
    /// is for when none comes.
    package func checkPlace() throws(StorageFailure) {
        do throws(StorageFailure) {
            try database.checkPlace()
        } catch {
            writer.end(because: error)
            throw error
        }
    }

    /// `work` as one unit of the next group commit, and what it answered.
    @discardableResult
    func write<Value: Sendable>(
        isUrgent: Bool = true, needsDirectorySync: Bool = false,
        _ work: @escaping @Sendable (any SQLConnection) throws(StorageFailure) -> Value
    ) async throws(StorageFailure) -> Value {
        let answer = Answer<Value>()
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Void, StorageFailure>, Never>) in
            writer.submit(
                GroupCommit.Unit(
                    needsDirectorySync: needsDirectorySync, isUrgent: isUrgent,
                    work: { connection throws(StorageFailure) in
                        let value = try work(connection)
                        answer.value.withLock { $0 = value }
                    },
                    completion: { continuation.resume(returning: $0) }))
        }
        try result.get()
        guard let value = answer.value.withLock({ $0 }) else {
            throw .refused("the unit of work left no answer")
        }
        return value
    }

    final class Answer<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }
}
