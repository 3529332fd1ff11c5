package import MailModel
package import Storage

/// Which sent mails are due, and where.
extension SQLStore {
    package func dueDestinations(
        at time: Timestamp, limit: Int, excluding busy: Set<String>
    ) async throws(StorageFailure) -> [DestinationRecord] {
        let found = try await database.read { connection throws(StorageFailure) in
            // Busy ones may stand first; so many more hold enough others.
            try Self.destinations(
                connection, "WHERE due_ms <= $1 ORDER BY due_ms LIMIT $2",
                [.integer(time.milliseconds), .integer(Int64(limit + busy.count))])
        }
        return Array(found.lazy.filter { !busy.contains($0.name) }.prefix(limit))
    }

    package func destinations(
        _ names: Set<String>
    ) async throws(StorageFailure) -> [DestinationRecord] {
        try await database.read { connection throws(StorageFailure) in
            var found: [DestinationRecord] = []
            for name in names {
                found += try Self.destinations(connection, "WHERE name = $1", [.text(name)])
            }
            return found
        }
    }

    package func failingDestinations(
        limit: Int
    ) async throws(StorageFailure) -> [DestinationRecord] {
        try await database.read { connection throws(StorageFailure) in
            try Self.destinations(
                connection, "WHERE failures > 0 ORDER BY due_ms LIMIT $1",
                [.integer(Int64(limit))])
        }
    }

    private static func destinations(
        _ connection: any SQLConnection, _ rest: String, _ values: [SQLValue]
    ) throws(StorageFailure) -> [DestinationRecord] {
        try connection.rows(
            "SELECT name, due_ms, failures, rests_ms, detail FROM destination \(rest)", values
        ).compactMap(destination)
    }

    private static func destination(_ row: any SQLRow) -> DestinationRecord? {
        guard let name = row.text(0), let due = row.integer(1) else { return nil }
        return DestinationRecord(
            name: name, dueAt: Timestamp(milliseconds: due), failures: Int(row.integer(2) ?? 0),
            restsUntil: row.integer(3).map(Timestamp.init(milliseconds:)), detail: row.text(4))
    }

    package func nextDue() async throws(StorageFailure) -> Timestamp? {
        try await database.read { connection throws(StorageFailure) in
            try connection.rows("SELECT MIN(due_ms) FROM destination", []).first?.integer(0)
        }.map(Timestamp.init(milliseconds:))
    }

    package func dueRecipients(
        of destination: String, at time: Timestamp, limit: Int
    ) async throws(StorageFailure) -> [QueuedRecipient] {
        let (found, unreadable) = try await database.read { connection throws(StorageFailure) in
            var (found, unreadable) = try Self.queued(
                connection,
                """
                WHERE sent_recipient.destination = $1 AND sent_recipient.state = 'queued'
                    AND sent_recipient.due_ms <= $2
                ORDER BY sent_recipient.due_ms LIMIT $3
                """,
                [.text(destination), .integer(time.milliseconds), .integer(Int64(limit))])
            for index in found.indices where !found[index].mail.facts.isRelayed {
                found[index].suppression = try self.suppression(
                    of: found[index].recipient.address, found[index].mail.account, connection)
            }
            return (found, unreadable)
        }
        for key in unreadable { try await setAside(key) }
        return found
    }

    /// A row that cannot be read holds up nobody else: it is held, and told of.
    private func setAside(_ key: UnreadableRecipient) async throws(StorageFailure) {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                """
                UPDATE sent_recipient SET state = 'held', detail = $1
                WHERE mail = $2 AND position = $3
                """,
                [.text("its row cannot be read"), .text(key.mail), .integer(key.position)])
        }
        onUnreadableRow(key.mail)
    }

    struct UnreadableRecipient: Sendable {
        var mail: String
        var position: Int64
    }

    /// Recipients with their mails.
    static func queued(
        _ connection: any SQLConnection, _ rest: String, _ values: [SQLValue]
    ) throws(StorageFailure) -> ([QueuedRecipient], [UnreadableRecipient]) {
        let recipientColumns = columns(Self.recipientColumns, of: "sent_recipient")
        let mailColumns = columns(Self.sentColumns, of: "sent_mail")
        let rows = try connection.rows(
            """
            SELECT \(recipientColumns), \(mailColumns) FROM sent_recipient
            JOIN sent_mail ON sent_mail.id = sent_recipient.mail \(rest)
            """, values)
        var found: [QueuedRecipient] = []
        var unreadable: [UnreadableRecipient] = []
        for row in rows {
            if let recipient = recipient(row), let mail = sentMail(row, from: 11) {
                found.append(QueuedRecipient(mail: mail, recipient: recipient))
            } else if let mail = row.text(0), let position = row.integer(1) {
                unreadable.append(UnreadableRecipient(mail: mail, position: position))
            }
        }
        return (found, unreadable)
    }

    private static func columns(_ names: String, of table: String) -> String {
        names.split(separator: ",").map { name in
            "\(table).\(name.filter { !$0.isWhitespace })"
        }.joined(separator: ", ")
    }
}
