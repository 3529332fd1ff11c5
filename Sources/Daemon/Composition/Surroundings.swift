import Glibc
import Logging
import MailModel
import Storage
import Synchronization

/// What every part is given: time, randomness, logs, and the way to say that the process must end.
struct Surroundings: Sendable {
    let time = SystemTime()
    let random = SystemRandom()
    let pause = SystemPause()
    let log: Logger
    let mailLog: Logger
    let metrics: ServerMetrics
    let journal: MailLog
    let ending = Ending()
    let clock: ClockWatch
    let logWriter: LogWriter

    init(_ configuration: Configuration) {
        let level = Logger.Level(rawValue: configuration.logLevel) ?? .info
        let isJSON = configuration.isLogJSON
        let metrics = ServerMetrics()
        let writer = LogWriter(
            descriptor: STDERR_FILENO,
            notice: { count in
                LineLogHandler.line(
                    .error, "martlet", "log lines were dropped: nobody read them in time",
                    ["lines": "\(count)"], isJSON: isJSON)
            }, onDrop: { metrics.add("martlet_log_lines_dropped_total") })
        func logger(_ label: String) -> Logger {
            Logger(label: label) {
                LineLogHandler(label: $0, level: level, isJSON: isJSON, writer: writer)
            }
        }
        self.metrics = metrics
        logWriter = writer
        log = logger("martlet")
        clock = ClockWatch(time: time, uptime: SystemUptime(), log: log)
        mailLog = logger("mail")
        journal = MailLog(log: mailLog, metrics: metrics)
    }
}

extension Surroundings {
    /// What is done again and again by the clock.
    var every: @Sendable (Int64, String, @escaping @Sendable () async throws -> Void) -> Recurring {
        { milliseconds, name, turn in
            Recurring(
                name: name, everyMilliseconds: milliseconds, pause: pause, log: log, turn: turn)
        }
    }

    /// A mail was refused because the spool failed: said, counted, and where it was a sync, the end.
    func spoolRefused(_ failure: StorageFailure) {
        metrics.add("martlet_spool_failures_total")
        log.error("the spool refused a mail", metadata: ["error": "\(failure)"])
        if failure.isSyncFailure { ending.syncFailed(failure) }
    }
}

/// Whether a sync failed: then the process takes no more mail and ends. And whether what was done by
/// the end could not be written.
final class Ending: Sendable {
    private struct State {
        var failure: StorageFailure?
        var unwritten: StorageFailure?
        var action: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var failure: StorageFailure? { state.withLock { $0.failure } }

    /// Why the first of what was done last could not be written; it is done again.
    var unwritten: StorageFailure? { state.withLock { $0.unwritten } }

    func leftUnwritten(_ failure: StorageFailure) {
        state.withLock { $0.unwritten = $0.unwritten ?? failure }
    }

    func syncFailed(_ failure: StorageFailure) {
        state.withLock { state -> (@Sendable () -> Void)? in
            guard state.failure == nil else { return nil }
            state.failure = failure
            return state.action
        }?()
    }

    func whenSyncFails(_ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            state.action = action
            return state.failure != nil
        }
        if isLate { action() }
    }
}
