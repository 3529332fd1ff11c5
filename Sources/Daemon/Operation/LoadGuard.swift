import Logging
import MailFlow
import MailModel
import NIOCore
import SQLStorage
import Storage
import Synchronization

/// Looks at the load once a second, and has the flow take no mail while there is too much of it.
final class LoadGuard: Sendable {
    private let limits: LoadLimits
    private let store: SQLStore
    private let flow: InboundFlow
    private let time: any TimeSource
    private let metrics: ServerMetrics
    private let log: Logger
    private let shedding: Mutex<LoadShedding>
    private let last = Mutex(Load(commitsEnded: 0, commitsWaiting: 0, actionsWaiting: 0))

    init(
        _ limits: LoadLimits, store: SQLStore, flow: InboundFlow, time: any TimeSource,
        metrics: ServerMetrics, log: Logger
    ) {
        self.limits = limits
        self.store = store
        self.flow = flow
        self.time = time
        self.metrics = metrics
        self.log = log
        shedding = Mutex(LoadShedding(limits, at: Self.now()))
    }

    /// Why no mail is taken; nil while it is.
    var cause: LoadShedding.Cause? { shedding.withLock { $0.cause } }

    /// What the last look saw.
    var load: Load { last.withLock { $0 } }

    /// Throws where the store does not answer; what it says of its commits counts all the same,
    /// and first.
    func look() async throws(StorageFailure) {
        let isRefused = await isRefused()
        note(actionsWaiting: load.actionsWaiting, isRefused: isRefused)
        let due = try await store.dueCount(at: time.now(), limit: limits.actionsWaitingMax + 1)
        note(actionsWaiting: due, isRefused: isRefused)
    }

    /// Whether commits fail: the last one, or those at the last look, and one that we ask for,
    /// since while no mail is taken nothing else may come that shows that they succeed again.
    private func isRefused() async -> Bool {
        guard load.isRefused || store.commitLoad.isRefused else { return false }
        do throws(StorageFailure) {
            try await store.commitTrial()
            return false
        } catch {
            return true
        }
    }

    private func note(actionsWaiting: Int, isRefused: Bool) {
        let commits = store.commitLoad
        let load = Load(
            commitsEnded: commits.ended, isRefused: isRefused,
            commitsWaiting: commits.waiting, actionsWaiting: actionsWaiting)
        last.withLock { $0 = load }
        if shedding.withLock({ $0.note(load, at: Self.now()) }) { change(load) }
    }

    private func change(_ load: Load) {
        let cause = cause
        flow.shed(cause != nil)
        let figures: Logger.Metadata = [
            "commitsWaiting": "\(load.commitsWaiting)", "actionsWaiting": "\(load.actionsWaiting)",
        ]
        guard let cause else { return log.notice("takes mail again", metadata: figures) }
        metrics.add("martlet_sheddings_total{cause=\"\(cause)\"}")
        log.warning("takes no mail: \(cause.rawValue)", metadata: figures)
    }

    private static func now() -> Int64 {
        Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000)
    }
}
