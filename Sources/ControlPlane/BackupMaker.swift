/// The port to what copies a running server's data.
package protocol BackupMaker: Sendable {
    /// Copies everything into the empty or missing folder at `folder`, synced, such that each mail
    /// of the copied database has its body. Throws `ControlFailure` or `StorageFailure`; then, and
    /// where the task is cancelled, what it has made is removed.
    func backup(
        to folder: String, onProgress: @escaping @Sendable (BackupProgress) async throws -> Void
    ) async throws -> BackupView
}

/// How far a backup has come.
package struct BackupProgress: Sendable, Codable, Equatable {
    package enum Step: String, Sendable, Codable {
        case database, bodies, checksums
    }

    package var step: Step
    package var done: Int
    package var total: Int

    package init(_ step: Step, done: Int, total: Int) {
        self.step = step
        self.done = done
        self.total = total
    }
}

/// A backup that was made; what its `manifest.json` says, too.
package struct BackupView: Sendable, Codable {
    package var folder: String
    /// When the database was copied; every mail acknowledged before is there. ISO 8601 in UTC.
    package var madeAt: String
    package var hostname: String
    package var schemaVersion: Int
    package var mails: Int
    /// Body files, and how many of them are links to the spool's own.
    package var bodies: Int
    package var links: Int
    /// Mails whose body file was missing already; those in state `damaged` may be.
    package var mailsWithoutBody: [String]
    /// What is in the data folder and no file: links to folders, links to nothing, pipes.
    package var notCopied: [String]
    package var files: Int
    package var bytes: Int

    package init(
        folder: String, madeAt: String, hostname: String, schemaVersion: Int, mails: Int,
        bodies: Int, links: Int, mailsWithoutBody: [String], notCopied: [String],
        files: Int, bytes: Int
    ) {
        self.folder = folder
        self.madeAt = madeAt
        self.hostname = hostname
        self.schemaVersion = schemaVersion
        self.mails = mails
        self.bodies = bodies
        self.links = links
        self.mailsWithoutBody = mailsWithoutBody
        self.notCopied = notCopied
        self.files = files
        self.bytes = bytes
    }
}
