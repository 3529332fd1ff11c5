import Synchronization

/// Lets so many at once to a scanner, in the order in which they came.
final class ScannerSeats: Sendable {
    /// Mails that wait for their turn; one more is told at once that the scanner has too much to do.
    static let waitingMax = 1_000

    private struct State {
        var taken = 0
        var waiting: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
        /// Given up before they waited.
        var givenUp: Set<Int> = []
        var next = 0
    }

    private let seatsMax: Int
    private let state = Mutex(State())

    init(_ seatsMax: Int) {
        self.seatsMax = seatsMax
    }

    /// Whoever takes one leaves it again. Throws where too many wait, and where the task is
    /// cancelled.
    func take() async throws {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        // Cancelled when it had been decided: nobody else takes that note away.
        defer { state.withLock { _ = $0.givenUp.remove(id) } }
        let isSeated = try await withTaskCancellationHandler {
            try await wait(id)
        } onCancel: {
            giveUp(id)
        }
        guard isSeated else { throw CancellationError() }
    }

    private func wait(_ id: Int) async throws -> Bool {
        var isFull = false
        let isSeated = await withCheckedContinuation { continuation in
            let answer = state.withLock { state -> Bool? in
                if state.givenUp.remove(id) != nil { return false }
                if state.taken < seatsMax {
                    state.taken += 1
                    return true
                }
                guard state.waiting.count < Self.waitingMax else {
                    isFull = true
                    return false
                }
                state.waiting.append((id, continuation))
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
        if isFull { throw ScannerFailure.unavailable("too many mails wait for it") }
        return isSeated
    }

    private func giveUp(_ id: Int) {
        let waiting = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard let index = state.waiting.firstIndex(where: { $0.id == id }) else {
                state.givenUp.insert(id)
                return nil
            }
            return state.waiting.remove(at: index).continuation
        }
        waiting?.resume(returning: false)
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard !state.waiting.isEmpty else {
                state.taken -= 1
                return nil
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
