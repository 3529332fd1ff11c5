package import MailModel
import Storage

/// What a copied database knows of files beside it.
package struct CopiedMails: Sendable {
    package var count: Int
    /// Mails whose bytes are in body files.
    package var withFile: [MailID]
}

extension SQLStore {
    /// The load of the one writer: commits that have ended, and units that wait for one, those at
    /// work among them.
    package var commitLoad: GroupCommit.Load { writer.load }

    /// Copies the database as it stands at one moment into a new file at `path`, beside the writer.
    /// `onStep` is told how many pages are done, of how many; what it throws ends the copy. Blocks.
    package func copy(
        to path: String, onStep: @escaping (Int, Int) throws -> Void
    ) throws -> CopiedMails {
        try database.copy(to: path, onStep: onStep) { connection throws(StorageFailure) in
            let count = try connection.rows("SELECT COUNT(*) FROM mail", []).first?.integer(0)
            let files = try connection.rows(
                """
                SELECT id FROM mail WHERE body_place = 'file'
                UNION ALL SELECT body FROM sent_mail
                WHERE state = 'queued' AND body_place = 'file' ORDER BY 1
                """, [])
            return CopiedMails(
                count: Int(count ?? 0),
                withFile: files.compactMap { $0.text(0).flatMap { MailID($0) } })
        }
    }
}
