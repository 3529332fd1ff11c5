import DNS
import Synchronization

/// One question, which ends once: with its answer, at its deadline, or with its asker's task.
final class PendingQuestion: Sendable {
    typealias Outcome = Result<DNSAnswer, DNSFailure>

    private enum State {
        case unasked
        case waiting(CheckedContinuation<Outcome, Never>)
        case ended(Outcome)
    }

    let type: DNSRecordType
    private let state = Mutex(State.unasked)

    init(_ type: DNSRecordType) {
        self.type = type
    }

    /// Resumes `continuation` with the outcome, at once where there is one already.
    func wait(_ continuation: CheckedContinuation<Outcome, Never>) {
        let outcome = state.withLock { state -> Outcome? in
            if case .ended(let outcome) = state { return outcome }
            state = .waiting(continuation)
            return nil
        }
        if let outcome { continuation.resume(returning: outcome) }
    }

    var isEnded: Bool {
        state.withLock { state in
            if case .ended = state { true } else { false }
        }
    }

    /// Only the first outcome counts.
    func end(_ outcome: Outcome) {
        state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            switch state {
            case .ended: return nil
            case .unasked:
                state = .ended(outcome)
                return nil
            case .waiting(let continuation):
                state = .ended(outcome)
                return continuation
            }
        }?.resume(returning: outcome)
    }
}
