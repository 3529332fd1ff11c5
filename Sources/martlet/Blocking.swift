import Dispatch
import Synchronization

/// The way from the program's first thread to asynchronous work.
enum Blocking {
    private final class Outcome: Sendable {
        let result = Mutex<Result<Void, any Error>>(.success(()))
    }

    /// Runs `work` elsewhere while this thread waits.
    static func run(_ work: @escaping @Sendable () async throws -> Void) throws {
        let outcome = Outcome()
        let isDone = DispatchSemaphore(value: 0)
        Task.detached {
            do {
                try await work()
            } catch {
                outcome.result.withLock { $0 = .failure(error) }
            }
            isDone.signal()
        }
        isDone.wait()
        try outcome.result.withLock { $0 }.get()
    }
}
