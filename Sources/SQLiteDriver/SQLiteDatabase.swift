import Foundation
import GRDB
import GRDBSQLite
import NIOCore
package import SQLStorage
package import Storage

/// SQLite behind the SQL port, by GRDB: one writer in WAL mode with `synchronous=FULL`, readers
/// on snapshots, checkpoints only when asked for.
package final class SQLiteDatabase: SQLDatabase {
    package let dialect = SQLDialect(
        blobType: "BLOB", clusteredSuffix: "WITHOUT ROWID", sequenceType: "INTEGER PRIMARY KEY")

    private let pool: DatabasePool
    /// A connection of its own, so that moving the log holds up no commit.
    private let checkpointer: DatabaseQueue
    private let files: FilesInPlace

    /// Frames that commits have added while the first pass ran: few enough to be moved at once.
    private static let logFramesMax = 8_192

    /// How commits reach the disk. `normal` exists for the crash tests' control run alone, which
    /// has to lose mails by it.
    package enum Synchronous: Int, Sendable {
        case normal = 1
        case full = 2
    }

    /// Opens or creates the file at `path`. Throws where it cannot be opened, or where the live
    /// writer does not say that it syncs every commit.
    package init(path: String, synchronous: Synchronous = .full) throws(StorageFailure) {
        var configuration = Configuration()
        configuration.label = "martlet"
        configuration.maximumReaderCount = 4
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            try database.execute(sql: "PRAGMA cache_size = -16384")
        }
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            // The pool sets NORMAL itself once its writer is open, so FULL has to come after.
            let level = try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = \(synchronous.rawValue)")
                return try Int.fetchOne(database, sql: "PRAGMA synchronous")
            }
            guard level == synchronous.rawValue else {
                throw StorageFailure.refused("SQLite does not sync its commits (\(level ?? -1))")
            }
            // After a failed sync the log may be whole in memory alone; what is committed behind it
            // would be lost with it. So everything is moved into the database file first.
            _ = try pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
            var second = Configuration()
            second.label = "martlet-checkpoint"
            second.busyMode = .timeout(5)
            checkpointer = try DatabaseQueue(path: path, configuration: second)
            files = FilesInPlace([path, "\(path)-wal", "\(path)-shm"])
        } catch {
            throw Self.failure(error)
        }
    }

    package func write(
        _ body: (any SQLConnection) throws(StorageFailure) -> Void
    ) throws(StorageFailure) {
        do {
            try pool.writeWithoutTransaction { database in
                try database.beginTransaction(.immediate)
                do {
                    try body(SQLiteConnection(database))
                    try database.commit()
                } catch {
                    let failure = Self.failure(error, on: database)
                    if database.isInsideTransaction { try database.rollback() }
                    throw failure
                }
            }
        } catch {
            throw Self.failure(error)
        }
    }

    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws(StorageFailure) -> Value
    ) async throws(StorageFailure) -> Value {
        do {
            return try await pool.read { database in try body(SQLiteConnection(database)) }
        } catch {
            throw Self.failure(error)
        }
    }

    package func readHere<Value>(
        _ body: (any SQLConnection) throws(StorageFailure) -> Value
    ) throws(StorageFailure) -> Value {
        do {
            return try pool.read { database in try body(SQLiteConnection(database)) }
        } catch {
            throw Self.failure(error)
        }
    }

    package func checkpoint() throws(StorageFailure) {
        do {
            // PASSIVE waits for nobody. But the log begins anew only when all of it was moved, and
            // under load something is always added meanwhile: then the short rest is moved
            // between two commits.
            let frames = try checkpointer.writeWithoutTransaction { database in
                try Self.checkpoint(database)
            }
            guard frames > Self.logFramesMax else { return }
            _ = try pool.writeWithoutTransaction { try Self.checkpoint($0) }
        } catch {
            throw Self.failure(error)
        }
    }

    /// Answers the frames that the log holds.
    private static func checkpoint(
        _ database: Database
    ) throws(StorageFailure) -> Int {
        do {
            return try database.checkpoint(.passive).walFrameCount
        } catch {
            throw failure(error, on: database, writing: .database)
        }
    }

    /// Between two of them whoever asked is told.
    private static let pagesPerStep: CInt = 2_048

    package func copy<Value>(
        to path: String, onStep: @escaping (Int, Int) throws -> Void,
        reading body: (any SQLConnection) throws(StorageFailure) -> Value
    ) throws -> Value {
        do {
            let target = try DatabaseQueue(path: path)
            let value = try pool.read { source in
                // The first read fixes the moment for everything that follows in it.
                let value = try body(SQLiteConnection(source))
                // What a last step throws ends nothing any more.
                try onStep(0, 1)
                try target.writeWithoutTransaction { copy in
                    try source.backup(to: copy, pagesPerStep: Self.pagesPerStep) { progress in
                        try onStep(progress.completedPageCount, progress.totalPageCount)
                    }
                }
                return value
            }
            try target.close()
            return value
        } catch let error as DatabaseError {
            throw Self.failure(error)
        }
    }

    package func checkPlace() throws(StorageFailure) { try files.check() }

    /// What has just failed on `database`. SQLite calls a disk full that refuses a write with
    /// ENOSPC, and an exhausted quota a broken disk: the system's reason tells them apart. A sync
    /// that fails for lack of room is a failed sync all the same.
    static func failure(
        _ error: any Error, on database: Database, writing file: File = .log
    ) -> StorageFailure {
        guard let error = error as? DatabaseError,
            error.extendedResultCode == .SQLITE_IOERR_WRITE,
            StorageFailure.isFull(lastRefusal(of: file, on: database))
        else { return failure(error) }
        return .full("\(error.extendedResultCode): \(error.message ?? "no message")")
    }

    /// What is written: the log by a commit, the database by a checkpoint.
    enum File {
        case log, database
    }

    /// The system's reason for the last write of `file` that failed; 0 where none has.
    private static func lastRefusal(of file: File, on database: Database) -> Int32 {
        guard let connection = database.sqliteConnection else { return 0 }
        let pointer = file == .log ? SQLITE_FCNTL_JOURNAL_POINTER : SQLITE_FCNTL_FILE_POINTER
        var opened: UnsafeMutablePointer<sqlite3_file>?
        sqlite3_file_control(connection, "main", pointer, &opened)
        guard let opened, let control = opened.pointee.pMethods?.pointee.xFileControl else {
            return 0
        }
        var code: Int32 = 0
        return control(opened, SQLITE_FCNTL_LAST_ERRNO, &code) == SQLITE_OK ? code : 0
    }

    private static func failure(_ error: any Error) -> StorageFailure {
        if let failure = error as? StorageFailure { return failure }
        guard let error = error as? DatabaseError else { return .refused("\(error)") }
        let text = "\(error.extendedResultCode): \(error.message ?? "no message")"
        return switch error.extendedResultCode {
        case .SQLITE_IOERR_FSYNC, .SQLITE_IOERR_DIR_FSYNC, .SQLITE_IOERR_WRITE:
            .syncFailed(text)
        // The index of the log, which is made anew from it, cannot grow: nothing was committed.
        case .SQLITE_IOERR_SHMSIZE: .refused(text)
        default:
            switch error.resultCode {
            case .SQLITE_FULL: .full(text)
            case .SQLITE_IOERR: .syncFailed(text)
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: .damaged(text)
            default: .refused(text)
            }
        }
    }
}
