import Foundation
import Storage
import Synchronization

/// The one writer: takes whatever waits, writes it in one transaction, and then answers all. So
/// many mails share one sync; a bad row fails alone.
///
/// A sync that failed is not tried again (the kernel has marked the pages clean): the process is
/// told to end, and every unit from then on fails.
package final class GroupCommit: Sendable {
    /// How much there is to do, and whether it gets done.
    package struct Load: Sendable {
        /// Commits that have ended.
        package var ended = 0
        /// Units that wait for a commit, those at work among them.
        package var waiting = 0
        /// The last commit failed whole.
        package var isRefused = false
    }

    /// Units of one commit: bounds how long the first waits for the last.
    static let unitsMax = 512

    struct Unit: Sendable {
        /// Whether a body file's directory entry belongs to what is promised.
        var needsDirectorySync: Bool
        /// Whether somebody waits for it. What need not be written at once is taken along by a
        /// commit that is.
        var isUrgent: Bool
        /// May be called twice: what a failed transaction did is undone.
        var work: @Sendable (any SQLConnection) throws(StorageFailure) -> Void
        /// Called from the writer's thread; must not block.
        var completion: @Sendable (Result<Void, StorageFailure>) -> Void
    }

    private struct State {
        var waiting: [Unit] = []
        /// Taken out of `waiting`, and not yet answered.
        var atWork = 0
        var commitsEnded = 0
        var isRefused = false
        var fatal: StorageFailure?
        var isClosed = false

        /// Nothing waits that has to be written now.
        var isPatient: Bool {
            !isClosed && waiting.count < GroupCommit.unitsMax
                && !waiting.contains { $0.isUrgent }
        }
    }

    private let database: any SQLDatabase
    private let bodies: any BodyFiles
    private let onSyncFailure: @Sendable (StorageFailure) -> Void
    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    init(
        database: any SQLDatabase, bodies: any BodyFiles,
        onSyncFailure: @escaping @Sendable (StorageFailure) -> Void
    ) {
        self.database = database
        self.bodies = bodies
        self.onSyncFailure = onSyncFailure
        let thread = Thread { self.run() }
        thread.name = "martlet-writer"
        thread.start()
    }

    /// Never blocks.
    func submit(_ unit: Unit) {
        let refusal = state.withLock { state -> StorageFailure? in
            if let fatal = state.fatal { return fatal }
            if state.isClosed { return .refused("the store is closed") }
            state.waiting.append(unit)
            return nil
        }
        if let refusal { unit.completion(.failure(refusal)) } else { signal.signal() }
    }

    /// Commits what waits and ends the thread; returns when it has. Blocks.
    func close() {
        state.withLock { $0.isClosed = true }
        signal.signal()
        ended.wait()
        ended.signal()
    }

    /// A sync failed, here or at a checkpoint: nothing is written any more.
    func end(because failure: StorageFailure) {
        let isFirst = state.withLock { state in
            defer { state.fatal = state.fatal ?? failure }
            return state.fatal == nil
        }
        if isFirst { onSyncFailure(failure) }
    }

    var load: Load {
        state.withLock { state in
            Load(
                ended: state.commitsEnded, waiting: state.waiting.count + state.atWork,
                isRefused: state.isRefused)
        }
    }

    private func run() {
        while true {
            signal.wait()
            waitForCompany()
            let (units, isClosed) = state.withLock { state -> ([Unit], Bool) in
                let taken = Array(state.waiting.prefix(Self.unitsMax))
                state.waiting.removeFirst(taken.count)
                state.atWork = taken.count
                return (taken, state.isClosed && state.waiting.isEmpty)
            }
            if !units.isEmpty { commit(units) }
            state.withLock { state in
                state.atWork = 0
                state.commitsEnded += units.isEmpty ? 0 : 1
            }
            if isClosed { break }
        }
        ended.signal()
    }

    /// A journal waits a moment for company: a mail's commit that takes it along is a sync less.
    private func waitForCompany() {
        guard state.withLock({ $0.isPatient }) else { return }
        _ = signal.wait(timeout: .now() + .milliseconds(5))
    }

    private func commit(_ units: [Unit]) {
        let results: [Result<Void, StorageFailure>]
        do throws(StorageFailure) {
            if let fatal = state.withLock({ $0.fatal }) { throw fatal }
            if units.contains(where: { $0.needsDirectorySync }) { try bodies.syncDirectory() }
            let written = try write(units)
            // Before anybody is promised anything: a database that was unlinked takes commits too.
            try database.checkPlace()
            results = written
            state.withLock { $0.isRefused = false }
        } catch {
            state.withLock { $0.isRefused = true }
            if error.isSyncFailure { end(because: error) }
            results = units.map { _ in .failure(error) }
        }
        for (unit, result) in zip(units, results) { unit.completion(result) }
    }

    /// All at once; where one of them fails, again with a savepoint for each, so that it fails
    /// alone. Nearly always none does, and savepoints cost as much as a row.
    private func write(
        _ units: [Unit]
    ) throws(StorageFailure) -> [Result<Void, StorageFailure>] {
        do throws(StorageFailure) {
            try database.write { connection throws(StorageFailure) in
                for unit in units { try unit.work(connection) }
            }
            return units.map { _ in .success(()) }
        } catch {
            if error.isSyncFailure { throw error }
        }
        var results: [Result<Void, StorageFailure>] = []
        results.reserveCapacity(units.count)
        try database.write { connection throws(StorageFailure) in
            for unit in units { results.append(try Self.run(unit, connection)) }
        }
        return results
    }

    /// Throws only what leaves the transaction itself unsound.
    private static func run(
        _ unit: Unit, _ connection: any SQLConnection
    ) throws(StorageFailure) -> Result<Void, StorageFailure> {
        try connection.execute("SAVEPOINT unit", [])
        let result: Result<Void, StorageFailure>
        do throws(StorageFailure) {
            try unit.work(connection)
            result = .success(())
        } catch {
            if error.isSyncFailure { throw error }
            do throws(StorageFailure) {
                try connection.execute("ROLLBACK TO SAVEPOINT unit", [])
            } catch _ {
                // The engine has given up the whole transaction (a full disk): its reason counts.
                throw error
            }
            result = .failure(error)
        }
        try connection.execute("RELEASE SAVEPOINT unit", [])
        return result
    }
}
