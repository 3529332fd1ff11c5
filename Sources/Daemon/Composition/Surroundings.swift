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

    init(_ configuration: Configuration) {
        let level = Logger.Level(rawValue: configuration.logLevel) ?? .info
        let isJSON = configuration.isLogJSON
        func logger(_ label: String) -> Logger {
            Logger(label: label) { LineLogHandler(label: $0, level: level, isJSON: isJSON) }
        }
        log = logger("martlet")
        mailLog = logger("mail")
        metrics = ServerMetrics()
        journal = MailLog(log: mailLog, metrics: metrics)
    }
}

extension Surroundings {
    /// A mail was refused because the spool failed: said, counted, and where it was a sync, the end.
    func spoolRefused(_ failure: StorageFailure) {
        metrics.add("martlet_spool_failures_total")
        log.error("the spool refused a mail", metadata: ["error": "\(failure)"])
        if failure.isSyncFailure { ending.syncFailed(failure) }
    }
}

/// Whether a sync failed: then the process takes no more mail and ends.
final class Ending: Sendable {
    private struct State {
        var failure: StorageFailure?
        var action: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var failure: StorageFailure? { state.withLock { $0.failure } }

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
