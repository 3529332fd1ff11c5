package import MailModel
package import Storage

extension SQLStore {
    package func expireContent(
        receivedBefore time: Timestamp, limit: Int
    ) async throws(StorageFailure) -> ExpiredBatch {
        try await write { connection throws(StorageFailure) in
            let rows = try connection.rows(
                """
                SELECT id, body_place FROM mail
                WHERE state = 'retired' AND body_place <> 'expired' AND received_ms < $1
                ORDER BY received_ms LIMIT $2
                """, [.integer(time.milliseconds), .integer(Int64(limit))])
            for row in rows {
                let id = SQLValue.text(row.text(0))
                try connection.execute("DELETE FROM mail_body WHERE mail = $1", [id])
                try connection.execute(
                    "UPDATE mail SET body_place = 'expired' WHERE id = $1", [id])
            }
            return Self.batch(rows)
        }
    }

    package func expireRows(
        receivedBefore time: Timestamp, limit: Int
    ) async throws(StorageFailure) -> ExpiredBatch {
        try await write { connection throws(StorageFailure) in
            // Ids sort by time, so the oldest stand first and few rows are looked at.
            let rows = try connection.rows(
                """
                SELECT id, body_place FROM mail
                WHERE id < $1 AND received_ms < $2 AND state = 'retired' ORDER BY id LIMIT $3
                """,
                [
                    .text(Self.idUpperBound(time)), .integer(time.milliseconds),
                    .integer(Int64(limit)),
                ])
            for row in rows {
                _ = try Self.removeRows(of: row.text(0) ?? "", connection)
            }
            return Self.batch(rows)
        }
    }

    private static func batch(_ rows: [any SQLRow]) -> ExpiredBatch {
        let inFiles = rows.filter { $0.text(1) == MailRecord.BodyPlace.file.rawValue }
        return ExpiredBatch(
            count: rows.count, files: inFiles.compactMap { $0.text(0).flatMap { MailID($0) } })
    }

    /// No id of a mail received before `time` sorts behind this.
    private static func idUpperBound(_ time: Timestamp) -> String {
        String(MailID(at: time, random: LastBytes()).text)
    }

    private struct LastBytes: RandomSource {
        func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 0xFF, count: count) }
    }

    package func retiredBytes() async throws(StorageFailure) -> Int64 {
        try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                """
                SELECT SUM(total_length) FROM mail
                WHERE state = 'retired' AND body_place <> 'expired'
                """, []
            ).first?.integer(0) ?? 0
        }
    }

    package func bodyFileOwners(
        among mails: [MailID]
    ) async throws(StorageFailure) -> Set<MailID> {
        try await database.read { connection throws(StorageFailure) in
            var owners: Set<MailID> = []
            for mail in mails {
                let rows = try connection.rows(
                    "SELECT 1 FROM mail WHERE id = $1 AND body_place = 'file'",
                    [.text(mail.text)])
                if !rows.isEmpty { owners.insert(mail) }
            }
            return owners
        }
    }
}
