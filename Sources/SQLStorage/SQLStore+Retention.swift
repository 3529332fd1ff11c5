package import MailModel
package import Storage

extension SQLStore {
    /// Whether a mail has a dead action, which keeps its bytes for another try.
    private static let isDead = """
        EXISTS (SELECT 1 FROM action
            WHERE action.mail = mail.id AND action.state <> 'done' AND action.state = 'dead')
        """

    package func expireContent(
        receivedBefore time: Timestamp, limit: Int
    ) async throws(StorageFailure) -> ExpiredBatch {
        // Chosen beside the writer: many dead letters may have to be passed over.
        let found = try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                """
                SELECT id, body_place, 0 FROM mail
                WHERE state = 'retired' AND body_place <> 'expired' AND received_ms < $1
                    AND NOT \(Self.isDead)
                ORDER BY received_ms LIMIT $2
                """, [.integer(time.milliseconds), .integer(Int64(limit))]
            ).map { Expiring($0) }
        }
        guard !found.isEmpty else { return ExpiredBatch(count: 0, files: [], deadCount: 0) }
        return try await write { connection throws(StorageFailure) in
            var files: [MailID] = []
            for mail in found {
                // An operator may have sent it on its way again meanwhile.
                let changed = try connection.execute(
                    """
                    UPDATE mail SET body_place = 'expired'
                    WHERE id = $1 AND state = 'retired' AND NOT \(Self.isDead)
                    """, [.text(mail.id)])
                guard changed > 0 else { continue }
                try connection.execute("DELETE FROM mail_body WHERE mail = $1", [.text(mail.id)])
                files += mail.files
            }
            return ExpiredBatch(count: found.count, files: files, deadCount: 0)
        }
    }

    package func expireRows(
        receivedBefore time: Timestamp, limit: Int
    ) async throws(StorageFailure) -> ExpiredBatch {
        try await write { connection throws(StorageFailure) in
            // Ids sort by time, so the oldest stand first and few rows are looked at.
            let found = try connection.rows(
                """
                SELECT id, body_place, CASE WHEN \(Self.isDead) THEN 1 ELSE 0 END FROM mail
                WHERE id < $1 AND received_ms < $2 AND state = 'retired' ORDER BY id LIMIT $3
                """,
                [
                    .text(Self.idUpperBound(time)), .integer(time.milliseconds),
                    .integer(Int64(limit)),
                ]
            ).map { Expiring($0) }
            for mail in found { _ = try Self.removeRows(of: mail.id, connection) }
            return ExpiredBatch(
                count: found.count, files: found.flatMap(\.files),
                deadCount: found.count(where: \.isDead))
        }
    }

    private struct Expiring: Sendable {
        let id: String
        /// Its body file, where it has one.
        let files: [MailID]
        let isDead: Bool

        init(_ row: any SQLRow) {
            id = row.text(0) ?? ""
            let isInFile = row.text(1) == MailRecord.BodyPlace.file.rawValue
            files = isInFile ? MailID(id).map { [$0] } ?? [] : []
            isDead = row.integer(2) == 1
        }
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
            func sum(_ condition: String) throws(StorageFailure) -> Int64 {
                try connection.rows(
                    """
                    SELECT SUM(total_length) FROM mail
                    WHERE state = 'retired' AND body_place <> 'expired' \(condition)
                    """, []
                ).first?.integer(0) ?? 0
            }
            // Apart: dead letters are few, and the sum over all mails is read from an index.
            let ofDead = try sum(
                "AND id IN (SELECT mail FROM action WHERE state <> 'done' AND state = 'dead')")
            return try sum("") - ofDead
        }
    }

    /// Makes due at `now` the mails and messages that are due later than `limit`, which no step of
    /// their retries reaches: the clock was set back since. Says how many those were.
    package func pullForward(
        dueAfter limit: Timestamp, to now: Timestamp
    ) async throws(StorageFailure) -> Int {
        try await write { connection throws(StorageFailure) in
            // Its first try, too, is not later than now: the retries of a mail end in their time.
            try connection.execute(
                """
                UPDATE action SET next_ms = $1, first_ms = CASE
                    WHEN first_ms > $2 THEN $3 ELSE first_ms END
                WHERE state <> 'done' AND state = 'retrying' AND next_ms > $4
                """,
                [
                    .integer(now.milliseconds), .integer(now.milliseconds),
                    .integer(now.milliseconds), .integer(limit.milliseconds),
                ])
            let mails = try connection.execute(
                "UPDATE mail SET due_ms = $1 WHERE due_ms > $2 AND due_ms IS NOT NULL",
                [.integer(now.milliseconds), .integer(limit.milliseconds)])
            let messages = try connection.execute(
                """
                UPDATE topic_delivery SET next_ms = $1, first_ms = CASE
                    WHEN first_ms > $2 THEN $3 ELSE first_ms END
                WHERE state = 'waiting' AND next_ms > $4
                """,
                [
                    .integer(now.milliseconds), .integer(now.milliseconds),
                    .integer(now.milliseconds), .integer(limit.milliseconds),
                ])
            return try mails + messages + Self.pullSentForward(limit, now, connection)
        }
    }

    /// Scheduled mails have not been tried, and wait for their time.
    private static func pullSentForward(
        _ limit: Timestamp, _ now: Timestamp, _ connection: any SQLConnection
    ) throws(StorageFailure) -> Int {
        let recipients = try connection.execute(
            """
            UPDATE sent_recipient SET due_ms = $1
            WHERE state = 'queued' AND last_ms IS NOT NULL AND due_ms > $2
                AND destination IN (SELECT name FROM destination WHERE due_ms > $3)
            """,
            [
                .integer(now.milliseconds), .integer(limit.milliseconds),
                .integer(limit.milliseconds),
            ])
        let destinations = try connection.execute(
            """
            UPDATE destination SET due_ms = $1, rests_ms = NULL
            WHERE due_ms > $2 AND (rests_ms > $3 OR name IN (
                SELECT destination FROM sent_recipient WHERE state = 'queued' AND due_ms <= $4))
            """,
            [
                .integer(now.milliseconds), .integer(limit.milliseconds),
                .integer(limit.milliseconds), .integer(now.milliseconds),
            ])
        return recipients + destinations
    }

    package func bodyFileOwners(
        among mails: [MailID]
    ) async throws(StorageFailure) -> Set<MailID> {
        try await database.read { connection throws(StorageFailure) in
            var owners: Set<MailID> = []
            for mail in mails {
                let rows = try connection.rows(
                    """
                    SELECT 1 FROM mail WHERE id = $1 AND body_place = 'file'
                    UNION ALL
                    SELECT 1 FROM sent_mail
                    WHERE state = 'queued' AND body_place = 'file' AND body = $2
                    """, [.text(mail.text), .text(mail.text)])
                if !rows.isEmpty { owners.insert(mail) }
            }
            return owners
        }
    }
}
