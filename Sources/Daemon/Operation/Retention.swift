import Logging
import MailModel
import SQLStorage
import ServiceLifecycle
import Storage

/// Removes what finished mails have left when its time has come, in batches off the commit path:
/// the raw bytes first, then the rows, and dead messages; and raw bytes beyond the quota, the
/// oldest first.
struct Retention: Sendable {
    let spool: Configuration.Spool
    let store: SQLStore
    let bodies: any BodyFiles
    let time: any TimeSource
    let log: Logger

    private static let batchMax = 500
    private static let quotaBatchMax = 50

    /// One look at everything; ends early when the process does.
    func run() async throws(StorageFailure) {
        let now = time.now()
        let day: Int64 = 86_400
        let rawEnd = now.advanced(bySeconds: -Int64(spool.rawRetentionDays) * day)
        try await inBatches { () async throws(StorageFailure) in
            try await store.expireContent(receivedBefore: rawEnd, limit: Self.batchMax)
        }
        let rowEnd = now.advanced(bySeconds: -Int64(spool.recordRetentionDays) * day)
        try await inBatches { () async throws(StorageFailure) in
            try await store.expireRows(receivedBefore: rowEnd, limit: Self.batchMax)
        }
        var dropped = 0
        while !Task.isShuttingDownGracefully {
            let count = try await store.expireDead(before: rowEnd, limit: Self.batchMax)
            dropped += count
            guard count == Self.batchMax else { break }
        }
        if dropped > 0 {
            log.warning(
                "dead messages have reached the end of their retention",
                metadata: ["messages": "\(dropped)"])
        }
        try await keepQuota(now)
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
