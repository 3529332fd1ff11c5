package import NIOCore
package import Storage

/// The port to an SQL engine. Statements are written once, in what SQLite and PostgreSQL share:
/// parameters `$1` to `$n`, bound by their number.
package protocol SQLDatabase: Sendable {
    var dialect: SQLDialect { get }

    /// Runs `body` in one transaction on the live writer and commits it durably. Blocks; called
    /// from the one writer thread. What `body` or the commit throws undoes all of it.
    func write(
        _ body: (any SQLConnection) throws(StorageFailure) -> Void
    ) throws(StorageFailure)

    /// Runs `body` on a snapshot, beside the writer.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws(StorageFailure) -> Value
    ) async throws(StorageFailure) -> Value

    /// The same on the thread that calls, which it blocks: for a short question of whoever may block
    /// anyway, whom two changes of thread would cost more.
    func readHere<Value>(
        _ body: (any SQLConnection) throws(StorageFailure) -> Value
    ) throws(StorageFailure) -> Value

    /// Copies the database as it stands at one moment into a new file at `path`, beside the
    /// writer, and answers what `body` reads of the same moment. `onStep` is told how many pages
    /// are done, of how many; what it throws ends the copy. Blocks.
    func copy<Value>(
        to path: String, onStep: @escaping (Int, Int) throws -> Void,
        reading body: (any SQLConnection) throws(StorageFailure) -> Value
    ) throws -> Value

    /// Moves what the log holds into the database file, without holding up commits. Blocks.
    func checkpoint() throws(StorageFailure)

    /// Throws `replaced` where what was opened is no longer what others would find. Cheap: asked
    /// after every commit.
    func checkPlace() throws(StorageFailure)
}

extension SQLDatabase {
    /// An engine that keeps its own files has nothing to say here.
    package func checkPlace() throws(StorageFailure) {}
}

/// One connection, inside a transaction.
package protocol SQLConnection {
    /// Runs one statement; answers how many rows it changed.
    @discardableResult
    func execute(_ sql: String, _ values: [SQLValue]) throws(StorageFailure) -> Int

    func rows(_ sql: String, _ values: [SQLValue]) throws(StorageFailure) -> [any SQLRow]
}

/// One row of an answer, by column from 0.
package protocol SQLRow {
    func text(_ column: Int) -> String?
    func integer(_ column: Int) -> Int64?
    func blob(_ column: Int) -> ByteBuffer?
}

package enum SQLValue: Sendable {
    case text(String?)
    case integer(Int64?)
    case blob(ByteBuffer)

    package static func flag(_ value: Bool) -> SQLValue { .integer(value ? 1 : 0) }
}

/// What engines write differently.
package struct SQLDialect: Sendable {
    package var blobType: String
    /// Behind a table whose rows are kept in the order of their primary key.
    package var clusteredSuffix: String
    /// A primary key that the engine counts up as rows are inserted.
    package var sequenceType: String

    package init(blobType: String, clusteredSuffix: String, sequenceType: String) {
        self.blobType = blobType
        self.clusteredSuffix = clusteredSuffix
        self.sequenceType = sequenceType
    }
}
