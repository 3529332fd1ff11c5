import DeliveryQueue
import InboundSMTP
import Logging
import MailFlow
import SQLStorage
import Storage

/// What `/metrics` shows beside the counters: how things stand when it is asked.
struct Gauges: Sendable {
    let store: SQLStore
    let receiving: ReceivingParts
    /// Nil where nothing is sent.
    let queue: DeliveryQueue?
    let disk: DiskGuard
    let load: LoadGuard
    let metrics: ServerMetrics
    let log: Logger

    func text() async -> String {
        var gauges = [
            ("martlet_sessions", receiving.connections.count),
            ("martlet_spool_free_bytes", Int(disk.freeBytes)),
            ("martlet_shedding", load.cause == nil ? 0 : 1),
            ("martlet_commits_waiting", load.load.commitsWaiting),
            ("martlet_mails_due", load.load.actionsWaiting),
        ]
        do throws(StorageFailure) {
            let counts = try await store.counts()
            gauges += [
                ("martlet_mails{state=\"acting\"}", counts.acting),
                ("martlet_mails{state=\"unjudged\"}", counts.unjudged),
                ("martlet_mails{state=\"held\"}", counts.held),
                ("martlet_mails{state=\"damaged\"}", counts.damaged),
                ("martlet_mails{state=\"untaken\"}", counts.untaken),
                ("martlet_actions_open{state=\"retrying\"}", counts.retryingActions),
                ("martlet_actions_open{state=\"dead\"}", counts.deadActions),
            ]
            let messages = try await store.messageCounts()
            gauges += [
                ("martlet_messages{state=\"waiting\"}", messages.waiting),
                ("martlet_messages{state=\"dead\"}", messages.dead),
                ("martlet_messages{state=\"damaged\"}", messages.damaged),
            ]
            gauges += try await sending()
        } catch {
            log.error("mails could not be counted: \(error)")
        }
        return metrics.text(gauges: gauges)
    }

    private func sending() async throws(StorageFailure) -> [(String, Int)] {
        guard let queue else { return [] }
        let counts = try await queue.counts()
        return [
            ("martlet_sent_recipients{state=\"queued\"}", counts.queued),
            ("martlet_sent_recipients{state=\"held\"}", counts.held),
            ("martlet_deliveries_running", queue.atWork),
            ("martlet_destinations_resting", counts.restingDestinations),
        ]
    }
}
