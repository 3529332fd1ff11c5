import Synchronization

/// Rests end when the test has time pass, and when they are cancelled.
package final class ManualRest: Sendable {
    private struct State {
        var rests: [Int: CheckedContinuation<Void, any Error>] = [:]
        var cancelled: Set<Int> = []
        var next = 0
        /// The test waits for so many to rest.
        var passing: (count: Int, continuation: CheckedContinuation<Void, Never>)?

        /// Whoever waits, if there are enough.
        mutating func met() -> CheckedContinuation<Void, Never>? {
            guard let passing, rests.count >= passing.count else { return nil }
            self.passing = nil
            return passing.continuation
        }
    }

    private let state = Mutex(State())

    package init() {}

    package func rest(_ seconds: Int64) async throws {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                let passing = state.withLock { state -> CheckedContinuation<Void, Never>? in
                    if state.cancelled.contains(id) {
                        continuation.resume(throwing: CancellationError())
                        return nil
                    }
                    state.rests[id] = continuation
                    return state.met()
                }
                passing?.resume()
            }
        } onCancel: {
            let rest = state.withLock { state -> CheckedContinuation<Void, any Error>? in
                state.cancelled.insert(id)
                return state.rests.removeValue(forKey: id)
            }
            rest?.resume(throwing: CancellationError())
        }
    }

    /// Ends the rests that there are, once there are so many.
    package func pass(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let met = state.withLock { state in
                state.passing = (count, continuation)
                return state.met()
            }
            met?.resume()
        }
        let rests = state.withLock { state in
            defer { state.rests = [:] }
            return Array(state.rests.values)
        }
        for rest in rests { rest.resume() }
    }
}
