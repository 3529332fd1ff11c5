package import Logging
import Synchronization

/// A log that a test reads.
package final class CollectedLog: Sendable {
    package struct Line: Sendable {
        package var level: Logger.Level
        package var message: String
        package var metadata: [String: String]
    }

    private struct Waiter {
        var count: Int
        var matches: @Sendable (Line) -> Bool
        var continuation: CheckedContinuation<[Line], Never>
    }

    private struct State {
        var lines: [Line] = []
        var waiters: [Waiter] = []
    }

    private let collected = Mutex(State())

    package init() {}

    package var lines: [Line] { collected.withLock { $0.lines } }

    /// Returns once `count` lines match, with those that do.
    package func lines(
        atLeast count: Int, where matches: @escaping @Sendable (Line) -> Bool
    ) async -> [Line] {
        await withCheckedContinuation { continuation in
            let found = collected.withLock { state -> [Line]? in
                let found = state.lines.filter(matches)
                guard found.count < count else { return found }
                state.waiters.append(
                    Waiter(count: count, matches: matches, continuation: continuation))
                return nil
            }
            if let found { continuation.resume(returning: found) }
        }
    }

    private func add(_ line: Line) {
        let woken = collected.withLock { state -> [(Waiter, [Line])] in
            state.lines.append(line)
            var woken: [(Waiter, [Line])] = []
            state.waiters.removeAll { waiter in
                guard waiter.matches(line) else { return false }
                let found = state.lines.filter(waiter.matches)
                guard found.count >= waiter.count else { return false }
                woken.append((waiter, found))
                return true
            }
            return woken
        }
        for (waiter, found) in woken { waiter.continuation.resume(returning: found) }
    }

    package var logger: Logger {
        Logger(label: "test") { _ in Handler(log: self) }
    }

    private struct Handler: LogHandler {
        let log: CollectedLog
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        init(log: CollectedLog) {
            self.log = log
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            var all = metadata
            if let own = event.metadata { all.merge(own) { _, new in new } }
            log.add(
                Line(
                    level: event.level, message: "\(event.message)",
                    metadata: all.mapValues { "\($0)" }))
        }
    }
}
