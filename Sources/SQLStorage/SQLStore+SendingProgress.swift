package import MailModel
package import Storage

/// What becomes of the recipients of sent mails.
extension SQLStore {
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

    package func hold(_ mail: MessageID, because detail: String) async throws(StorageFailure) {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                """
                UPDATE sent_recipient SET state = 'held', detail = $1
                WHERE mail = $2 AND state = 'queued'
                """, [.text(detail), .text(mail.text)])
        }
    }
}
