package import Logging
import Synchronization

/// A log that a test reads.
package final class CollectedLog: Sendable {
    package struct Line: Sendable {
        package var level: Logger.Level
        package var message: String
        package var metadata: [String: String]
    }

    private let collected = Mutex<[Line]>([])

    package init() {}

    package var lines: [Line] { collected.withLock { $0 } }

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
            log.collected.withLock {
                $0.append(
                    Line(
                        level: event.level, message: "\(event.message)",
                        metadata: all.mapValues { "\($0)" }))
            }
        }
    }
}
