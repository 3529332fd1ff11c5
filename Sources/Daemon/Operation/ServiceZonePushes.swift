import Accounts
import DNS
import Logging
import MailModel
import ServiceLifecycle

/// Has the service domain's records pushed when they change, and says what came of it.
struct ServiceZonePushes {
    let keeper: ServiceZoneKeeper
    let metrics: ServerMetrics
    let log: Logger

    /// The name server may take its time; the end of the process does not wait for it.
    func run() async throws {
        try await cancelWhenGracefulShutdown {
            if let outcome = try await keeper.turn() { say(outcome) }
        }
    }

    private func say(_ outcome: ServiceZoneKeeper.Outcome) {
        switch outcome {
        case .pushed(let added, let removed):
            metrics.add("martlet_zone_pushes_total{outcome=\"done\"}")
            log.notice(
                "the service domain's records were pushed",
                metadata: ["added": "\(added)", "removed": "\(removed)"])
        case .failed(let failure, let isNew, let nextTryAt):
            metrics.add("martlet_zone_pushes_total{outcome=\"failed\"}")
            guard isNew else { return }
            log.error(
                "the service domain's records could not be pushed",
                metadata: [
                    "error": "\(failure)", "advice": "\(failure.advice)",
                    "nextTry": "\(nextTryAt.iso8601Text)",
                ])
        }
    }
}
