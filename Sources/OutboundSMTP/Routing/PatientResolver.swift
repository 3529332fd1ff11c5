import DNS
import MailModel
import Synchronization

/// The DNS, asked so many questions at once; further ones wait for their turn, in the order in which
/// they came: a burst of mails must not be told that the DNS has too much to do, and received ones
/// have questions, too.
final class PatientResolver: DNSResolver {
    private struct State {
        var asked = 0
        var waiting: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
        /// Given up before they waited.
        var givenUp: Set<Int> = []
        var next = 0
    }

    private let resolver: any DNSResolver
    private let questionsMax: Int
    private let state = Mutex(State())

    init(_ resolver: any DNSResolver, questionsMax: Int) {
        self.resolver = resolver
        self.questionsMax = questionsMax
    }

    func ask(_ name: Domain, _ type: DNSRecordType) async throws(DNSFailure) -> DNSAnswer {
        guard await waitForTurn() else { throw .cancelled }
        defer { passTurn() }
        return try await resolver.ask(name, type)
    }

    /// Says whether it has come; a cancelled task's does not.
    private func waitForTurn() async -> Bool {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        // Cancelled when its turn had come: nobody else takes that note away.
        defer { state.withLock { _ = $0.givenUp.remove(id) } }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    if state.givenUp.remove(id) != nil { return false }
                    guard state.asked >= questionsMax else {
                        state.asked += 1
                        return true
                    }
                    state.waiting.append((id, continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            giveUp(id)
        }
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

    private func passTurn() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard !state.waiting.isEmpty else {
                state.asked -= 1
                return nil
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
