import Logging
import ObjectStorage
import SQLStorage
import SQLiteDriver
import Storage

/// Where mails are kept: rows, body files, buckets that are folders, and the room on their disk.
struct SpoolParts {
    let bodies: DirectoryBodyFiles
    let store: SQLStore
    let objects: DirectoryObjectStore
    let disk: DiskGuard

    /// Opens the spool and brings it in order. `wasCut`: the last server did not end by itself.
    init(
        _ configuration: Configuration, _ surroundings: Surroundings, wasCut: Bool
    ) async throws {
        let spool = "\(configuration.dataDirectory)/spool"
        // Whoever may pass through the data folder (a handler's user, to its own files) ends here.
        try Directories.create(spool)
        try Directories.setMode(spool, 0o700)
        let ending = surroundings.ending
        bodies = try DirectoryBodyFiles(folder: "\(spool)/bodies", aside: "\(spool)/damaged")
        store = try SQLStore(
            database: try SQLiteDatabase(
                path: "\(spool)/martlet.sqlite",
                synchronous: configuration.spool.isFullySynced ? .full : .normal),
            bodies: bodies, time: surroundings.time,
            onUnreadableRow: { [log = surroundings.log] mail in
                log.error(
                    "a mail's row is damaged; the mail is set aside", metadata: ["mail": "\(mail)"])
            },
            onUnreadableMessage: { [log = surroundings.log] message, subscriber in
                log.error(
                    "a row of the outbox is damaged; the message is set aside",
                    metadata: ["message": "\(message)", "subscriber": "\(subscriber)"])
            },
            onUnreadableSuppression: { [log = surroundings.log] address in
                log.error(
                    """
                    a row of the suppression lists cannot be read; its address is not sent to: put \
                    it on the list anew, or delete it there
                    """, metadata: ["address": "\(address)"])
            }, onSyncFailure: { ending.syncFailed($0) })
        do {
            try await SpoolRecovery(
                store: store, bodies: bodies, wasCut: wasCut, metrics: surroundings.metrics,
                log: surroundings.log, isDatabaseNew: store.isNew
            ).run()
            objects = try DirectoryObjectStore(
                buckets: configuration.bucketFolders, keys: configuration.bucketKeys,
                temporaryFolder: "\(spool)/objects",
                onUnusable: { bucket, failure in
                    surroundings.log.error(
                        "a bucket cannot be used; what is stored there is tried again",
                        metadata: ["bucket": "\(bucket)", "error": "\(failure)"])
                }, onSyncFailure: { ending.syncFailed($0) })
            disk = try DiskGuard(bodies: bodies, freeBytesMin: configuration.spool.freeBytesMin)
        } catch {
            store.close()
            throw error
        }
    }
}
