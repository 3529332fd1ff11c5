import Synchronization

/// One watcher of sessions: keeps the lines of those that its filter means until they are fetched,
/// and those of sessions that may yet be meant. Everything is bounded; what has no room is counted
/// and said.
package final class SessionTracer: Sendable {
    /// Lines that wait to be fetched.
    package static let waitingMax = 2_000
    /// Lines kept of one session that may yet be meant; the oldest go first.
    package static let pendingOfSessionMax = 100
    /// Such lines of all sessions together.
    package static let pendingMax = 10_000

    /// Lines in their order, and how many were lost before them.
    package struct Batch: Sendable, Equatable {
        package var lines: [SessionLine]
        package var lost: Int

        package init(lines: [SessionLine], lost: Int) {
            self.lines = lines
            self.lost = lost
        }
    }

    private struct Session {
        var needs: Set<SessionTraceFilter.Need>
        var pending: [SessionLine] = []
        var lost = 0
        var isMeant: Bool { needs.isEmpty }
    }

    private struct State {
        /// By number; a nil is one that is not meant.
        var sessions: [UInt64: Session?] = [:]
        var pendingCount = 0
        var waiting: [SessionLine] = []
        var lost = 0
        var sleeper: CheckedContinuation<Void, Never>?
        var isCancelled = false
    }

    private let filter: SessionTraceFilter
    private let state = Mutex(State())

    init(_ filter: SessionTraceFilter) {
        self.filter = filter
    }

    // MARK: Taking

    func take(_ line: SessionLine, of session: TracedSession) {
        let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
            take(line, of: session, &state)
            guard !state.waiting.isEmpty || state.lost > 0 else { return nil }
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.resume()
    }

    private func take(_ line: SessionLine, of traced: TracedSession, _ state: inout State) {
        let known = state.sessions[traced.number]
        let beginning = filter.admits(traced) ? Session(needs: filter.needs) : nil
        guard var session = known ?? beginning else {
            state.sessions[traced.number] = line.kind == .ended ? nil : .some(nil)
            return
        }
        session.needs.subtract(filter.met(by: line))
        if session.isMeant {
            release(&session, &state)
            deliver(line, &state)
        } else {
            keep(line, in: &session, &state)
        }
        if line.kind == .ended {
            state.pendingCount -= session.pending.count
            state.sessions[traced.number] = nil
        } else {
            state.sessions[traced.number] = session
        }
    }

    /// What was kept while nobody knew whether the session is meant.
    private func release(_ session: inout Session, _ state: inout State) {
        guard !session.pending.isEmpty || session.lost > 0 else { return }
        state.pendingCount -= session.pending.count
        state.lost += session.lost
        for line in session.pending { deliver(line, &state) }
        session.pending = []
        session.lost = 0
    }

    private func deliver(_ line: SessionLine, _ state: inout State) {
        if state.waiting.count < Self.waitingMax {
            state.waiting.append(line)
        } else {
            state.lost += 1
        }
    }

    private func keep(_ line: SessionLine, in session: inout Session, _ state: inout State) {
        if session.pending.count >= Self.pendingOfSessionMax {
            session.pending.removeFirst()
            state.pendingCount -= 1
            session.lost += 1
        }
        guard state.pendingCount < Self.pendingMax else {
            session.lost += 1
            return
        }
        session.pending.append(line)
        state.pendingCount += 1
    }

    // MARK: Fetching

    /// What has come since the last call, as soon as there is something; nil once the task is
    /// cancelled. For one caller.
    package func next() async -> Batch? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state -> Bool in
                    if !state.waiting.isEmpty || state.lost > 0 || state.isCancelled { return true }
                    state.sleeper = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
                state.isCancelled = true
                defer { state.sleeper = nil }
                return state.sleeper
            }
            sleeper?.resume()
        }
        return state.withLock { state in
            guard !state.isCancelled else { return nil }
            defer {
                state.waiting = []
                state.lost = 0
            }
            return Batch(lines: state.waiting, lost: state.lost)
        }
    }
}
