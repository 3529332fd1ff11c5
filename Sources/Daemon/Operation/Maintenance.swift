import ControlPlane
import Glibc
import Logging
import MailFlow
import MailModel
import SQLStorage
import ServiceLifecycle
import Storage
import Topics

/// What happens by the clock: the disk's room, the log's checkpoint, changed rule files, waiting
/// messages, and retention in batches off the commit path.
struct Maintenance: Service {
    let configuration: Configuration
    let store: SQLStore
    let bodies: any BodyFiles
    let disk: DiskGuard
    let rules: RuleSets
    let ruleFolder: RuleFolder
    /// The folder as it was before the rules were read.
    let ruleStamp: [String: RuleFolder.Stamp]
    let wake: Wake
    let time: any TimeSource
    let pause: any Pause
    let log: Logger

    private static let checkpointEverySeconds = 2
    private static let retentionEverySeconds = 60
    private static let batchMax = 500

    func run() async throws {
        var ticks = 0
        var ruleStamp = ruleStamp
        while !Task.isShuttingDownGracefully {
            await pause.forMilliseconds(1_000)
            ticks += 1
            wake.call()
            do throws(StorageFailure) {
                try disk.refresh()
                if ticks % Self.checkpointEverySeconds == 0 { try store.checkpoint() }
                if ticks % Self.retentionEverySeconds == 0 { try await retain() }
                let stamp = ruleFolder.stamp()
                if stamp != ruleStamp {
                    ruleStamp = stamp
                    try await Self.reload(rules, log)
                }
            } catch {
                log.error("maintenance failed: \(error)")
            }
        }
    }

    /// Reads the rules anew and says what came of it.
    static func reload(_ rules: RuleSets, _ log: Logger) async throws(StorageFailure) {
        let reload = try await rules.reload()
        for problem in reload.problems { log.error("\(problem)") }
        if reload.problems.isEmpty {
            log.notice("rules reloaded")
        } else if reload.isActiveSetInForce {
            log.notice("rules have problems, but not the active set: it was reloaded")
        } else {
            log.notice("rules have problems; what was in force stays in force")
        }
    }

    private func retain() async throws(StorageFailure) {
        let now = time.now()
        let day: Int64 = 86_400
        let rawEnd = now.advanced(bySeconds: -Int64(configuration.spool.rawRetentionDays) * day)
        try await inBatches { () async throws(StorageFailure) in
            try await store.expireContent(receivedBefore: rawEnd, limit: Self.batchMax)
        }
        let rowEnd = now.advanced(bySeconds: -Int64(configuration.spool.recordRetentionDays) * day)
        try await inBatches { () async throws(StorageFailure) in
            try await store.expireRows(receivedBefore: rowEnd, limit: Self.batchMax)
        }
        let dropped = try await store.expireDead(before: rowEnd)
        if dropped > 0 {
            log.warning(
                "dead messages have reached the end of their retention",
                metadata: ["messages": "\(dropped)"])
        }
        let quota = Int64(configuration.spool.rawQuotaBytes)
        while quota > 0, try await store.retiredBytes() > quota {
            let batch = try await store.expireContent(receivedBefore: now, limit: 50)
            bodies.remove(batch.files)
            if batch.count == 0 { return }
        }
    }

    private func inBatches(
        _ step: () async throws(StorageFailure) -> ExpiredBatch
    ) async throws(StorageFailure) {
        while true {
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
