import Synchronization

/// Wakes a service that waits for work: by `call`, by the ticking of whoever owns it, or for good
/// by `close`. A call while nobody waits is kept.
package final class Wake: Sendable {
    private struct State {
        var isCalled = false
        var isClosed = false
        var sleeper: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    package init() {}

    package var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Returns after the next `call` or `close`. For one waiter.
    package func wait() async {
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state -> Bool in
                if state.isCalled || state.isClosed {
                    state.isCalled = false
                    return true
                }
                state.sleeper = continuation
                return false
            }
            if goesOn { continuation.resume() }
        }
    }

    package func call() {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let sleeper = state.sleeper else {
                state.isCalled = true
                return nil
            }
            state.sleeper = nil
            return sleeper
        }?.resume()
    }

    package func close() {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.isClosed = true
            defer { state.sleeper = nil }
            return state.sleeper
        }?.resume()
    }
}
