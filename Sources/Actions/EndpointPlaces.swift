import NIOCore
import Synchronization

/// The places of one endpoint: so many have one at once, and the others wait in the order in which
/// they came, those whose 250 waits before the others.
final class EndpointPlaces: Sendable {
    private struct State {
        var free: Int
        var waiting = CircularBuffer<CheckedContinuation<Void, Never>>()
        /// Of mails whose 250 waits.
        var waitingSessions = CircularBuffer<CheckedContinuation<Void, Never>>()
    }

    private let state: Mutex<State>

    init(_ count: Int) {
        state = Mutex(State(free: count))
    }

    /// Returns with a place, which is to be given back.
    func take(forSession isSession: Bool) async {
        await withCheckedContinuation { continuation in
            let hasPlace = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                if isSession {
                    state.waitingSessions.append(continuation)
                } else {
                    state.waiting.append(continuation)
                }
                return false
            }
            if hasPlace { continuation.resume() }
        }
    }

    /// The place goes to whose turn it is.
    func giveBack() {
        let next = state.withLock { state in
            let next = state.waitingSessions.popFirst() ?? state.waiting.popFirst()
            if next == nil { state.free += 1 }
            return next
        }
        next?.resume()
    }
}
