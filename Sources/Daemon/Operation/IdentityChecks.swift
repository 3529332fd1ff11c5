import Accounts
import Logging
import ServiceLifecycle
import Storage

/// Looks for the records of the domains that are due, and says what changed.
struct IdentityChecks {
    let verifier: DomainVerifier
    let log: Logger

    /// The DNS may take its time; the end of the process does not wait for it.
    func run() async throws {
        try await cancelWhenGracefulShutdown { try await checkDue() }
    }

    private func checkDue() async throws(StorageFailure) {
        for (old, new) in try await verifier.checkDue() { say(old, new) }
    }

    /// Something else of the domain was found, which may verify it.
    func checkUnverified(_ name: String) async throws(StorageFailure) {
        if let (old, new) = try await verifier.checkUnverified(name) { say(old, new) }
    }

    private func say(_ old: IdentityRecord, _ new: IdentityRecord) {
        log.notice(
            "identity changed",
            metadata: [
                "identity": "\(new.name)", "from": "\(old.status.rawValue)",
                "to": "\(new.status.rawValue)", "why": "\(new.lastCheck?.detail ?? "")",
            ])
    }
}
