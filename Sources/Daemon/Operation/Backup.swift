import ControlPlane
import MailModel
import NIOPosix
import ObjectStorage
import SQLStorage
import ServiceLifecycle
import Storage
import Synchronization

/// Backups of the running server, one at a time, made on a thread beside everything else.
final class Backup: BackupMaker {
    private let places: BackupPlaces
    private let store: SQLStore
    private let bodies: DirectoryBodyFiles
    private let time: any TimeSource
    private let isAtWork = Mutex(false)

    init(
        _ places: BackupPlaces, store: SQLStore, bodies: DirectoryBodyFiles,
        time: any TimeSource
    ) {
        self.places = places
        self.store = store
        self.bodies = bodies
        self.time = time
    }

    func backup(
        to folder: String, onProgress: @escaping @Sendable (BackupProgress) async throws -> Void
    ) async throws -> BackupView {
        let isBusy = isAtWork.withLock { isAtWork in
            defer { isAtWork = true }
            return isAtWork
        }
        guard !isBusy else {
            throw ControlFailure(.unavailable, "a backup is being made already")
        }
        defer { isAtWork.withLock { $0 = false } }
        let teller = Teller()
        let run = BackupRun(
            folder: folder, places: places, store: store, bodies: bodies, madeAt: time.now(),
            onProgress: { try teller.tell($0) })
        return try await withGracefulShutdownHandler {
            async let telling: Void = Self.tell(teller, onProgress)
            defer { teller.end() }
            let view = try await WorkThreads.backup.pool.runIfActive { try run.make() }
            teller.end()
            await telling
            return view
        } onGracefulShutdown: {
            teller.give(up: ControlFailure(.unavailable, "the server is ending"))
        }
    }

    private static func tell(
        _ teller: Teller, _ onProgress: @Sendable (BackupProgress) async throws -> Void
    ) async {
        do {
            for await progress in teller.progress { try await onProgress(progress) }
        } catch {
            teller.give(up: ControlFailure(.unavailable, "whoever asked has gone"))
        }
    }
}

/// Between the thread that makes a backup and whoever is told how far it is: the newest news counts,
/// and either side may end it.
private final class Teller: Sendable {
    let progress: AsyncStream<BackupProgress>
    private let news: AsyncStream<BackupProgress>.Continuation
    private let reason = Mutex<ControlFailure?>(nil)

    init() {
        (progress, news) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Throws where the backup shall end.
    func tell(_ progress: BackupProgress) throws {
        if let reason = reason.withLock({ $0 }) { throw reason }
        news.yield(progress)
    }

    func give(up failure: ControlFailure) { reason.withLock { $0 = failure } }

    func end() { news.finish() }
}
