import Synchronization

/// Runs what is `async` to its end on the caller's thread, where it waits for nothing but itself.
///
/// A target may run on a thread of the pool that its tasks would need.
final class CallersThread: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    static func run<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) throws -> Value {
        let executor = CallersThread()
        let result = Mutex<Result<Value, any Error>?>(nil)
        Task(executorPreference: executor) {
            do {
                let value = try await body()
                result.withLock { $0 = .success(value) }
            } catch {
                result.withLock { $0 = .failure(error) }
            }
        }
        while let job = executor.next() {
            job.runSynchronously(on: executor.asUnownedTaskExecutor())
        }
        guard let ended = result.withLock({ $0 }) else { throw FuzzFind("it does not end") }
        return try ended.get()
    }

    private func next() -> UnownedJob? {
        jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }
}
