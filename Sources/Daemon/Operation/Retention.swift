import Logging
import MailModel
import SQLStorage
import ServiceLifecycle
import Storage

/// Removes what finished mails have left when its time has come, in batches off the commit path:
/// the raw bytes first, then the rows, and dead messages; and raw bytes beyond the quota, the
/// oldest first.
///
/// What goes for its age goes only while the clock can be trusted. A time of 0 days asks for no
/// clock, and neither does the quota.
struct Retention: Sendable {
    let spool: Configuration.Spool
    let store: SQLStore
    let bodies: any BodyFiles
    let time: any TimeSource
    let clock: ClockWatch
    let log: Logger

    private static let batchMax = 500
    private static let quotaBatchMax = 50
    /// Versions of rule sets that are kept whether or not a mail has them.
    private static let versionsKept = 200

    /// One look at everything; ends early when the process does.
    func run() async throws(StorageFailure) {
        let trusted = clock.trustedNow()
        if let end = end(ofDays: spool.rawRetentionDays, trusted) {
            try await inBatches { () async throws(StorageFailure) in
                try await store.expireContent(receivedBefore: end, limit: Self.batchMax)
            }
        }
        if let end = end(ofDays: spool.recordRetentionDays, trusted) {
            try await inBatches { () async throws(StorageFailure) in
                try await store.expireRows(receivedBefore: end, limit: Self.batchMax)
            }
            try await dropDead(before: end)
        }
        try await keepQuota(time.now())
    }

    /// Versions of rule sets that nothing needs any more; where there are many, looks at every mail.
    func dropVersions() async throws(StorageFailure) {
        guard let trusted = clock.trustedNow() else { return }
        let count = try await store.dropVersions(keeping: Self.versionsKept, at: trusted)
        guard count > 0 else { return }
        log.notice("old versions of rule sets are forgotten", metadata: ["versions": "\(count)"])
    }

    /// What is older has reached its end; nil where nobody can say.
    private func end(ofDays days: Int, _ trusted: Timestamp?) -> Timestamp? {
        days == 0 ? time.now() : trusted?.advanced(bySeconds: -Int64(days) * 86_400)
    }

    private func dropDead(before end: Timestamp) async throws(StorageFailure) {
        var dropped = 0
        while !Task.isShuttingDownGracefully {
            let count = try await store.expireDead(before: end, limit: Self.batchMax)
            dropped += count
            guard count == Self.batchMax else { break }
        }
        guard dropped > 0 else { return }
        log.warning(
            "dead messages have reached the end of their retention",
            metadata: ["messages": "\(dropped)"])
    }

    private func keepQuota(_ now: Timestamp) async throws(StorageFailure) {
        let quota = Int64(spool.rawQuotaBytes)
        while quota > 0, !Task.isShuttingDownGracefully, try await store.retiredBytes() > quota {
            let batch = try await store.expireContent(
                receivedBefore: now, limit: Self.quotaBatchMax)
            bodies.remove(batch.files)
            if batch.count == 0 { return }
        }
    }

    private func inBatches(
        _ step: () async throws(StorageFailure) -> ExpiredBatch
    ) async throws(StorageFailure) {
        while !Task.isShuttingDownGracefully {
            let batch = try await step()
            bodies.remove(batch.files)
            if batch.deadCount > 0 {
                log.warning(
                    "mails with dead actions have reached the end of their retention",
                    metadata: ["mails": "\(batch.deadCount)"])
            }
            guard batch.count == Self.batchMax else { return }
        }
    }
}
