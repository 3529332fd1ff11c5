package import MailModel
package import Storage
import Synchronization

/// What is written of sent mails; what is read stands in the files beside this.
extension SQLStore: SendingStore {
    // MARK: Accepting

    package func accept(
        _ sending: AcceptedSending,
        completion: @escaping @Sendable (Result<SendingAnswer, StorageFailure>) -> Void
    ) {
        let answer = Answer<SendingAnswer>()
        writer.submit(
            GroupCommit.Unit(
                needsDirectorySync: sending.mail.bodyPlace == .file, isUrgent: true,
                work: { connection throws(StorageFailure) in
                    let repeated = try Self.earlier(sending, connection)
                    answer.value.withLock {
                        $0 = repeated ?? .accepted(sending.mail.id)
                    }
                    if repeated == nil { try Self.insert(sending, connection) }
                },
                completion: { result in
                    completion(
                        result.map {
                            answer.value.withLock { $0 } ?? .accepted(sending.mail.id)
                        })
                }))
    }

    /// What is answered where a mail was taken under the same idempotency key; nil where this is the
    /// first. The same mail has the same envelope, and as long a body.
    private static func earlier(
        _ sending: AcceptedSending, _ connection: any SQLConnection
    ) throws(StorageFailure) -> SendingAnswer? {
        guard let key = sending.idempotencyKey else { return nil }
        let inserted = try connection.execute(
            """
            INSERT INTO idempotency (account, name, mail, created_ms) VALUES ($1, $2, $3, $4)
            ON CONFLICT (account, name) DO NOTHING
            """,
            [
                .text(sending.mail.account.text), .text(key), .text(sending.mail.id.text),
                .integer(sending.mail.acceptedAt.milliseconds),
            ])
        guard inserted == 0 else { return nil }
        let rows = try connection.rows(
            "SELECT mail FROM idempotency WHERE account = $1 AND name = $2",
            [.text(sending.mail.account.text), .text(key)])
        guard let id = rows.first?.text(0).flatMap({ MessageID($0) }) else {
            throw .damaged("the idempotency key \(key)")
        }
        // Its records may be gone before the key is.
        let same = try connection.rows(
            "SELECT sender, body_length FROM sent_mail WHERE id = $1", [.text(id.text)])
        guard let mail = same.first else { return .repeated(id) }
        let recipients = try connection.rows(
            "SELECT address FROM sent_recipient WHERE mail = $1 ORDER BY position",
            [.text(id.text)])
        let isSame =
            mail.text(0) == sending.mail.sender.wireText
            && mail.integer(1) == Int64(sending.mail.bodyLength)
            && recipients.map { $0.text(0) } == sending.recipients.map(\.address.wireText)
        return isSame ? .repeated(id) : .conflicting(id)
    }

    private static func insert(
        _ sending: AcceptedSending, _ connection: any SQLConnection
    ) throws(StorageFailure) {
        try insert(sending.mail, connection)
        if let body = sending.body {
            try connection.execute(
                "INSERT INTO mail_body (mail, bytes) VALUES ($1, $2)",
                [.text(sending.mail.bodyID.text), .blob(body)])
        }
        var dueAt: [String: Timestamp] = [:]
        for recipient in sending.recipients {
            try insert(recipient, connection)
            guard recipient.state == .queued else { continue }
            let due = dueAt[recipient.destination].map { min($0, recipient.dueAt) }
            dueAt[recipient.destination] = due ?? recipient.dueAt
        }
        for (destination, due) in dueAt { try expect(destination, due, connection) }
        try insert(sending.deliveries, connection)
        for report in sending.reports { try insert(report, connection) }
    }

    private static let sentInsertion = """
        INSERT INTO sent_mail (\(sentColumns))
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        """

    private static func insert(
        _ mail: SentMailRecord, _ connection: any SQLConnection
    ) throws(StorageFailure) {
        try connection.execute(
            sentInsertion,
            [
                .text(mail.id.text), .text(mail.bodyID.text), .text(mail.account.text),
                .integer(mail.acceptedAt.milliseconds), .text(mail.state.rawValue),
                .text(json(mail.facts)), .text(mail.sender.wireText),
                .text(mail.returnDomain.ascii), .text(mail.bodyPlace.rawValue),
                .integer(Int64(mail.bodyLength)), .integer(Int64(mail.checksum)),
                .flag(mail.is8Bit), .flag(mail.isSMTPUTF8), .text(mail.tls.rawValue),
                .text(mail.pool), .blob(mail.head),
            ])
    }

    private static func insert(
        _ recipient: SentRecipient, _ connection: any SQLConnection
    ) throws(StorageFailure) {
        try connection.execute(
            """
            INSERT INTO sent_recipient (\(recipientColumns))
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            [
                .text(recipient.key.mail.text), .integer(Int64(recipient.key.position)),
                .text(recipient.address.wireText), .text(recipient.destination),
                .text(recipient.state.rawValue), .integer(recipient.dueAt.milliseconds),
                .integer(recipient.expiresAt.milliseconds), .integer(Int64(recipient.attempts)),
                .integer(recipient.lastAttemptAt?.milliseconds), .text(recipient.detail),
                .text(notification(of: recipient)),
            ])
    }

    /// Somebody waits for `destination` from `due` on; its rest stays what it is.
    private static func expect(
        _ destination: String, _ due: Timestamp, _ connection: any SQLConnection
    ) throws(StorageFailure) {
        try connection.execute(
            """
            INSERT INTO destination (name, due_ms, failures) VALUES ($1, $2, 0)
            ON CONFLICT (name) DO UPDATE SET due_ms = CASE
                WHEN destination.rests_ms IS NOT NULL AND destination.rests_ms > excluded.due_ms
                    THEN destination.due_ms
                WHEN destination.due_ms < excluded.due_ms THEN destination.due_ms
                ELSE excluded.due_ms END
            """, [.text(destination), .integer(due.milliseconds)])
    }

    // MARK: What became of tries

    package func record(
        _ progress: [SendingProgress]
    ) async throws(StorageFailure) -> [MailID] {
        try await write(isUrgent: false) { connection throws(StorageFailure) in
            var files: [MailID] = []
            for entry in progress { files += try Self.record(entry, connection) }
            return files
        }
    }

    private static func record(
        _ progress: SendingProgress, _ connection: any SQLConnection
    ) throws(StorageFailure) -> [MailID] {
        let recipient = progress.recipient
        if let replaced = progress.replaced, try !stands(replaced, connection) { return [] }
        // An operator may have held or removed it meanwhile; what a next hop has said stands.
        let changed = try connection.execute(
            """
            UPDATE sent_recipient SET
                state = CASE WHEN $1 = 'queued' THEN state ELSE $2 END,
                due_ms = $3, attempts = $4, last_ms = $5, detail = $6, notification = $7
            WHERE mail = $8 AND position = $9
            """,
            [
                .text(recipient.state.rawValue), .text(recipient.state.rawValue),
                .integer(recipient.dueAt.milliseconds), .integer(Int64(recipient.attempts)),
                .integer(recipient.lastAttemptAt?.milliseconds), .text(recipient.detail),
                .text(notification(of: recipient)),
                .text(recipient.key.mail.text), .integer(Int64(recipient.key.position)),
            ])
        try put(progress.suppressions, connection, keepsComplaints: true)
        guard changed > 0 else { return [] }
        try insert(progress.deliveries, connection)
        for report in progress.reports { try insert(report, connection) }
        return recipient.state.isOpen ? [] : try end(recipient.key.mail, connection)
    }

    private static func stands(
        _ recipient: SentRecipient, _ connection: any SQLConnection
    ) throws(StorageFailure) -> Bool {
        let rows = try connection.rows(
            "SELECT state, detail FROM sent_recipient WHERE mail = $1 AND position = $2",
            [.text(recipient.key.mail.text), .integer(Int64(recipient.key.position))])
        guard let row = rows.first else { return false }
        return row.text(0) == recipient.state.rawValue && row.text(1) == recipient.detail
    }

    /// Ends the mail where none of its recipients is open; answers its body file, where it has one.
    static func end(
        _ mail: MessageID, _ connection: any SQLConnection
    ) throws(StorageFailure) -> [MailID] {
        let open = try connection.rows(
            """
            SELECT 1 FROM sent_recipient WHERE mail = $1 AND state IN ('queued', 'held') LIMIT 1
            """, [.text(mail.text)])
        guard open.isEmpty else { return [] }
        let rows = try connection.rows(
            "SELECT body, body_place FROM sent_mail WHERE id = $1", [.text(mail.text)])
        guard let row = rows.first, let body = row.text(0) else { return [] }
        // Its file goes after the commit: where the process ends between the two, recovery finds
        // by the row that it may go.
        try connection.execute(
            """
            UPDATE sent_mail SET state = 'ended',
                body_place = CASE WHEN body_place = 'file' THEN 'file' ELSE 'expired' END
            WHERE id = $1
            """, [.text(mail.text)])
        switch row.text(1).flatMap(MailRecord.BodyPlace.init(rawValue:)) {
        case .row:
            try connection.execute("DELETE FROM mail_body WHERE mail = $1", [.text(body)])
            return []
        case .file: return MailID(body).map { [$0] } ?? []
        case .expired, nil: return []
        }
    }

    @discardableResult
    package func settle(
        _ destination: DestinationRecord
    ) async throws(StorageFailure) -> Bool {
        try await write(isUrgent: false) { connection throws(StorageFailure) in
            let rows = try connection.rows(
                """
                SELECT MIN(due_ms) FROM sent_recipient
                WHERE destination = $1 AND state = 'queued'
                """, [.text(destination.name)])
            guard let due = rows.first?.integer(0) else {
                try connection.execute(
                    "DELETE FROM destination WHERE name = $1", [.text(destination.name)])
                return false
            }
            let rest = destination.restsUntil?.milliseconds
            try connection.execute(
                """
                UPDATE destination SET due_ms = $1, failures = $2, rests_ms = $3, detail = $4
                WHERE name = $5
                """,
                [
                    .integer(max(due, rest ?? due)), .integer(Int64(destination.failures)),
                    .integer(rest), .text(destination.detail), .text(destination.name),
                ])
            return true
        }
    }

    // MARK: What operators do

    package func move(
        _ keys: [SentRecipient.Key], from: Set<SentRecipient.State>, to: SentRecipient.State,
        now: Timestamp
    ) async throws(StorageFailure) -> (count: Int, files: [MailID]) {
        try await write { connection throws(StorageFailure) in
            var count = 0
            var files: [MailID] = []
            for key in keys where try Self.move(key, from: from, to: to, now, connection) {
                count += 1
                if to == .queued { try Self.expectNow(key, now, connection) }
                if !to.isOpen { files += try Self.end(key.mail, connection) }
            }
            return (count, files)
        }
    }

    private static func move(
        _ key: SentRecipient.Key, from: Set<SentRecipient.State>, to: SentRecipient.State,
        _ now: Timestamp, _ connection: any SQLConnection
    ) throws(StorageFailure) -> Bool {
        let states = from.map { SQLValue.text($0.rawValue) }
        let list = states.indices.map { "$\($0 + 4)" }.joined(separator: ", ")
        return try connection.execute(
            """
            UPDATE sent_recipient SET state = $1
            WHERE mail = $2 AND position = $3 AND state IN (\(list))
            """,
            [.text(to.rawValue), .text(key.mail.text), .integer(Int64(key.position))] + states) > 0
    }

    /// A recipient that waits again: due now, as its destination is, or when it is scheduled.
    private static func expectNow(
        _ key: SentRecipient.Key, _ now: Timestamp, _ connection: any SQLConnection
    ) throws(StorageFailure) {
        try connection.execute(
            """
            UPDATE sent_recipient SET due_ms = $1
            WHERE mail = $2 AND position = $3 AND (last_ms IS NOT NULL OR due_ms <= $4)
            """,
            [
                .integer(now.milliseconds), .text(key.mail.text), .integer(Int64(key.position)),
                .integer(now.milliseconds),
            ])
        let rows = try connection.rows(
            "SELECT destination, due_ms FROM sent_recipient WHERE mail = $1 AND position = $2",
            [.text(key.mail.text), .integer(Int64(key.position))])
        guard let row = rows.first, let destination = row.text(0), let due = row.integer(1) else {
            return
        }
        try expect(destination, Timestamp(milliseconds: due), connection)
        guard due <= now.milliseconds else { return }
        try connection.execute(
            "UPDATE destination SET due_ms = $1, rests_ms = NULL WHERE name = $2",
            [.integer(now.milliseconds), .text(destination)])
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

    package func hold(_ mail: MessageID, because detail: String) async throws(StorageFailure) {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                """
                UPDATE sent_recipient SET state = 'held', detail = $1
                WHERE mail = $2 AND state = 'queued'
                """, [.text(detail), .text(mail.text)])
        }
    }

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

    package func expireIdempotencyKeys(before time: Timestamp) async throws(StorageFailure) {
        try await write(isUrgent: false) { connection throws(StorageFailure) in
            try connection.execute(
                "DELETE FROM idempotency WHERE created_ms < $1", [.integer(time.milliseconds)])
        }
    }
}
