import Accounts
import Logging
import MailModel
import ServiceLifecycle
import Storage

/// Looks for the records that identities send with, changes their keys, and says what changed.
struct SenderChecks {
    let verifier: SendingVerifier
    let identities: IdentityChecks
    let log: Logger

    /// The DNS may take its time; the end of the process does not wait for it.
    func run(trusted: Timestamp?) async throws {
        try await cancelWhenGracefulShutdown {
            for (old, new) in try await verifier.runDue(trusted: trusted) {
                say(old, new)
                if new.dkim?.watch.status == .success, old.dkim?.watch.status != .success {
                    try await identities.checkUnverified(new.name)
                }
            }
        }
    }

    private func say(_ old: SendingIdentity, _ new: SendingIdentity) {
        say("DKIM changed", new.name, old.dkim?.watch, new.dkim?.watch)
        say("MAIL FROM changed", new.name, old.mailFrom?.watch, new.mailFrom?.watch)
        for key in new.keys {
            let before = old.keys.first { $0.selector == key.selector }
            guard before?.facts.state != key.facts.state else { continue }
            log.notice(
                "a DKIM key changed",
                metadata: [
                    "identity": "\(new.name)", "selector": "\(key.selector)",
                    "algorithm": "\(key.facts.algorithm.rawValue)",
                    "to": "\(key.facts.state.rawValue)",
                ])
        }
    }

    private func say(
        _ message: Logger.Message, _ name: String, _ old: RecordWatch?, _ new: RecordWatch?
    ) {
        guard let new, old?.status != new.status else { return }
        log.notice(
            message,
            metadata: [
                "identity": "\(name)", "from": "\(old?.status.rawValue ?? "")",
                "to": "\(new.status.rawValue)", "why": "\(new.lastCheck?.detail ?? "")",
            ])
    }
}
