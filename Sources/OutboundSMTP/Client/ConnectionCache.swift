import Synchronization

/// The connections that wait for their next mail: so many in all, and the one that has waited
/// longest goes first where there is no room.
final class ConnectionCache: Sendable {
    private struct State {
        var idle: [SMTPConnection.Key: [Waiting]] = [:]
        var count = 0
        var turn = 0
        var isClosed = false
    }

    private struct Waiting {
        let connection: SMTPConnection
        let since: Int
    }

    private let connectionsMax: Int
    private let state = Mutex(State())

    init(connectionsMax: Int) {
        self.connectionsMax = connectionsMax
    }

    /// The one that came last: it has the best chance to be open still.
    func take(_ key: SMTPConnection.Key) -> SMTPConnection? {
        state.withLock { state in
            guard let last = state.idle[key]?.popLast() else { return nil }
            if state.idle[key]?.isEmpty ?? false { state.idle[key] = nil }
            state.count -= 1
            return last.connection
        }
    }

    func put(_ connection: SMTPConnection) {
        let tooMany = state.withLock { state -> SMTPConnection? in
            guard connectionsMax > 0, !state.isClosed else { return connection }
            state.turn += 1
            state.idle[connection.key, default: []].append(
                Waiting(connection: connection, since: state.turn))
            state.count += 1
            return state.count > connectionsMax ? Self.takeOldest(&state) : nil
        }
        tooMany?.quit()
    }

    /// Says whether it was there.
    func remove(_ connection: SMTPConnection) -> Bool {
        state.withLock { state in
            guard
                let index = state.idle[connection.key]?
                    .firstIndex(where: { $0.connection === connection })
            else { return false }
            state.idle[connection.key]?.remove(at: index)
            if state.idle[connection.key]?.isEmpty ?? false { state.idle[connection.key] = nil }
            state.count -= 1
            return true
        }
    }

    /// Ends all, now and later.
    func close() {
        let all = state.withLock { state in
            state.isClosed = true
            defer {
                state.idle = [:]
                state.count = 0
            }
            return state.idle.values.joined().map(\.connection)
        }
        for connection in all { connection.quit() }
    }

    private static func takeOldest(_ state: inout State) -> SMTPConnection? {
        let oldest = state.idle.min { ($0.value.first?.since ?? 0) < ($1.value.first?.since ?? 0) }
        guard let key = oldest?.key, let first = state.idle[key]?.removeFirst() else { return nil }
        if state.idle[key]?.isEmpty ?? false { state.idle[key] = nil }
        state.count -= 1
        return first.connection
    }
}
