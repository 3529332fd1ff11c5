package import MailModel
package import Storage

/// How long what belongs to sent mails is kept.
extension SQLStore {
    // MARK: Retention

    package func expireSent(
        acceptedBefore time: Timestamp, limit: Int
    ) async throws(StorageFailure) -> Int {
        try await write { connection throws(StorageFailure) in
            let rows = try connection.rows(
                """
                SELECT id FROM sent_mail WHERE state = 'ended' AND accepted_ms < $1
                ORDER BY accepted_ms LIMIT $2
                """, [.integer(time.milliseconds), .integer(Int64(limit))])
            for row in rows {
                try connection.execute(
                    "DELETE FROM sent_recipient WHERE mail = $1", [.text(row.text(0))])
                try connection.execute("DELETE FROM sent_mail WHERE id = $1", [.text(row.text(0))])
            }
            return rows.count
        }
    }

    package func expireIdempotencyKeys(at time: Timestamp) async throws(StorageFailure) {
        let before = time.advanced(bySeconds: -AcceptedSending.keyKeptSecondsUsual)
        try await write(isUrgent: false) { connection throws(StorageFailure) in
            try connection.execute(
                "DELETE FROM idempotency WHERE created_ms < $1", [.integer(before.milliseconds)])
        }
    }

    // MARK: Body files

    package func queuedBodyFiles(
        after: MailID?, limit: Int
    ) async throws(StorageFailure) -> [SentBodyFile] {
        try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                """
                SELECT body, id, body_length FROM sent_mail
                WHERE state = 'queued' AND body_place = 'file' AND body > $1
                ORDER BY body LIMIT $2
                """, [.text(after?.text ?? ""), .integer(Int64(limit))]
            ).compactMap { row in
                guard let name = row.text(0).flatMap({ MailID($0) }),
                    let mail = row.text(1).flatMap({ MessageID($0) }),
                    let length = row.integer(2), Self.lengthsMax.contains(length)
                else { return nil }
                return SentBodyFile(name: name, mail: mail, length: Int(length))
            }
        }
    }

    package func endedBodyFiles(
        among files: [MailID]
    ) async throws(StorageFailure) -> Set<MailID> {
        try await database.read { connection throws(StorageFailure) in
            var ended: Set<MailID> = []
            for file in files {
                let rows = try connection.rows(
                    """
                    SELECT 1 FROM sent_mail
                    WHERE state = 'ended' AND body_place = 'file' AND body = $1
                    """, [.text(file.text)])
                if !rows.isEmpty { ended.insert(file) }
            }
            return ended
        }
    }
}
