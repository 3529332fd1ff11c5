import MailModel
import NIOCore
import SQLStorage
import Storage
import Synchronization
import TestSupport
import Testing

/// The one writer, on an engine whose syncs a test lets fail.
@Suite struct GroupCommitTests {
    private func store(
        _ engine: FailingEngine, _ bodies: NoBodies = NoBodies(),
        _ failures: FailureList = FailureList()
    ) throws -> SQLStore {
        try SQLStore(
            database: engine, bodies: bodies, time: ManualTime(),
            onSyncFailure: { failures.add($0) })
    }

    private func put(_ store: SQLStore) async -> StorageFailure? {
        do throws(StorageFailure) {
            try await store.setActiveRuleSet(.named("x"), of: .main)
            return nil
        } catch {
            return error
        }
    }

    @Test func endsAfterAFailedSync() async throws {
        let engine = FailingEngine()
        let failures = FailureList()
        let store = try store(engine, NoBodies(), failures)
        #expect(await put(store) == nil)
        engine.failure.withLock { $0 = .syncFailed("fdatasync") }
        #expect(await put(store)?.isSyncFailure == true)
        // The disk seems well again: nothing is believed any more.
        engine.failure.withLock { $0 = nil }
        #expect(await put(store)?.isSyncFailure == true)
        #expect(failures.count == 1)
        store.close()
    }

    /// Nothing is promised on a database that nobody would find.
    @Test func endsWhereTheDatabaseWasReplaced() async throws {
        let engine = FailingEngine()
        let failures = FailureList()
        let store = try store(engine, NoBodies(), failures)
        #expect(await put(store) == nil)
        engine.place.withLock { $0 = .replaced("another file") }
        #expect(await put(store)?.isSyncFailure == true)
        engine.place.withLock { $0 = nil }
        #expect(await put(store)?.isSyncFailure == true)
        #expect(failures.count == 1)
        store.close()
    }

    @Test func goesOnAfterARefusedCommit() async throws {
        let engine = FailingEngine()
        let failures = FailureList()
        let store = try store(engine, NoBodies(), failures)
        engine.failure.withLock { $0 = .full("no space left") }
        #expect(await put(store) != nil)
        engine.failure.withLock { $0 = nil }
        #expect(await put(store) == nil)
        #expect(failures.count == 0)
        store.close()
    }

    @Test func endsAfterAFailedCheckpoint() async throws {
        let engine = FailingEngine()
        let failures = FailureList()
        let store = try store(engine, NoBodies(), failures)
        engine.failure.withLock { $0 = .syncFailed("fsync") }
        #expect(throws: StorageFailure.self) { try store.checkpoint() }
        engine.failure.withLock { $0 = nil }
        #expect(await put(store)?.isSyncFailure == true)
        #expect(failures.count == 1)
        store.close()
    }

    /// A mail in a file is promised only once its directory entry is synced too.
    @Test(arguments: [MailRecord.BodyPlace.file, .row])
    func syncsTheDirectoryOfFiles(_ place: MailRecord.BodyPlace) async throws {
        let bodies = NoBodies()
        bodies.directoryFailure.withLock { $0 = .syncFailed("fsync of the folder") }
        let store = try store(FailingEngine(), bodies)
        let spool = try Spool(.sqlite)
        let mail = try spool.mail { $0.bodyPlace = place }
        let result = await withCheckedContinuation { continuation in
            store.accept(mail) { continuation.resume(returning: $0) }
        }
        switch result {
        case .success: #expect(place == .row)
        case .failure(let failure): #expect(place == .file && failure.isSyncFailure)
        }
        store.close()
    }

    @Test func takesNothingOnceClosed() async throws {
        let store = try store(FailingEngine())
        store.close()
        #expect(await put(store) != nil)
        store.close()
    }
}

final class FailureList: Sendable {
    private let failures = Mutex<[StorageFailure]>([])
    var count: Int { failures.withLock { $0.count } }
    func add(_ failure: StorageFailure) { failures.withLock { $0.append(failure) } }
}

/// Takes every statement, answers none; commits and checkpoints fail when a test says so.
final class FailingEngine: SQLDatabase {
    let dialect = SQLDialect(
        blobType: "BLOB", clusteredSuffix: "", sequenceType: "INTEGER PRIMARY KEY")
    let failure = Mutex<StorageFailure?>(nil)
    let place = Mutex<StorageFailure?>(nil)

    struct Connection: SQLConnection {
        func execute(_ sql: String, _ values: [SQLValue]) throws(StorageFailure) -> Int { 1 }
        func rows(_ sql: String, _ values: [SQLValue]) throws(StorageFailure) -> [any SQLRow] { [] }
    }

    func write(
        _ body: (any SQLConnection) throws(StorageFailure) -> Void
    ) throws(StorageFailure) {
        try body(Connection())
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws(StorageFailure) -> Value
    ) async throws(StorageFailure) -> Value {
        try body(Connection())
    }

    func readHere<Value>(
        _ body: (any SQLConnection) throws(StorageFailure) -> Value
    ) throws(StorageFailure) -> Value {
        try body(Connection())
    }

    func copy<Value>(
        to path: String, onStep: @escaping (Int, Int) throws -> Void,
        reading body: (any SQLConnection) throws(StorageFailure) -> Value
    ) throws -> Value {
        try body(Connection())
    }

    func checkpoint() throws(StorageFailure) {
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    func checkPlace() throws(StorageFailure) {
        if let failure = place.withLock({ $0 }) { throw failure }
    }
}
