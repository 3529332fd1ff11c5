import NIOCore
import NIOPosix
import ServiceLifecycle

/// Threads for work that may block, by kind, so that a slow disk or name server holds up nothing
/// but its kind. The threads that tasks run on otherwise are as many as there are processors, and
/// health, metrics and every answer of a look-up need one of them: so none may block there.
///
/// Bodies that come in have theirs in `ReceivingParts`, commits and reads of the database have
/// SQLite's. Like NIO's own, these begin with their first use and end with the process.
final class WorkThreads: TaskExecutor {
    /// Actions, their objects and the body files that they read: as many as there are processors, and
    /// one more for whoever waits for the disk, but three at the least. More wake each other up for
    /// nothing where the processors are busy.
    static let actions = WorkThreads(max(3, System.coreCount + 1))
    /// Objects that are asked for by S3's protocol.
    static let objects = WorkThreads(4)
    /// Mails that are submitted: signing, and who is not sent to. As many as can sign at once, and one
    /// more for whoever waits for the disk.
    static let submissions = WorkThreads(System.coreCount + 1)
    /// Body files of sent mails, which are read through before each try.
    static let deliveries = WorkThreads(4)
    /// Lines for subscribers that are files.
    static let messages = WorkThreads(4)
    /// The system's names.
    static let names = WorkThreads(4)
    static let backup = WorkThreads(1)
    /// What an operator asks for: raw mails, rule files.
    static let control = WorkThreads(4)
    /// What is done by the clock: checkpoints, retention, the looks at files.
    static let upkeep = WorkThreads(4)

    let pool: NIOThreadPool

    private init(_ count: Int) {
        pool = NIOThreadPool(numberOfThreads: count)
        pool.start()
    }

    /// A service whose tasks run here.
    func running(_ service: any Service) -> any Service { Placed(service: service, threads: self) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pool.submit { _ in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    private struct Placed: Service {
        let service: any Service
        let threads: WorkThreads

        func run() async throws {
            try await withTaskExecutorPreference(threads) { try await service.run() }
        }
    }
}
