package import MailModel
package import NIOCore
package import Storage

/// What is asked of sent mails.
extension SQLStore {
    // MARK: What is due

    package func dueDestinations(
        at time: Timestamp, limit: Int, excluding busy: Set<String>
    ) async throws(StorageFailure) -> [DestinationRecord] {
        let found = try await database.read { connection throws(StorageFailure) in
            // Busy ones may stand first; so many more hold enough others.
            try connection.rows(
                """
                SELECT name, due_ms, failures, rests_ms, detail FROM destination
                WHERE due_ms <= $1 ORDER BY due_ms LIMIT $2
                """, [.integer(time.milliseconds), .integer(Int64(limit + busy.count))]
            ).compactMap(Self.destination)
        }
        return Array(found.lazy.filter { !busy.contains($0.name) }.prefix(limit))
    }

    package func destinations(
        _ names: Set<String>
    ) async throws(StorageFailure) -> [DestinationRecord] {
        try await database.read { connection throws(StorageFailure) in
            var found: [DestinationRecord] = []
            for name in names {
                found += try connection.rows(
                    """
                    SELECT name, due_ms, failures, rests_ms, detail FROM destination
                    WHERE name = $1
                    """, [.text(name)]
                ).compactMap(Self.destination)
            }
            return found
        }
    }

    package func failingDestinations(
        limit: Int
    ) async throws(StorageFailure) -> [DestinationRecord] {
        try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                """
                SELECT name, due_ms, failures, rests_ms, detail FROM destination
                WHERE failures > 0 ORDER BY due_ms LIMIT $1
                """, [.integer(Int64(limit))]
            ).compactMap(Self.destination)
        }
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
            try self.queued(
                connection,
                """
                WHERE sent_recipient.destination = $1 AND sent_recipient.state = 'queued'
                    AND sent_recipient.due_ms <= $2
                ORDER BY sent_recipient.due_ms LIMIT $3
                """,
                [.text(destination), .integer(time.milliseconds), .integer(Int64(limit))])
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

    /// Recipients with their mails, and with what stands against them on the suppression lists.
    private func queued(
        _ connection: any SQLConnection, _ rest: String, _ values: [SQLValue]
    ) throws(StorageFailure) -> ([QueuedRecipient], [UnreadableRecipient]) {
        let recipientColumns = Self.columns(Self.recipientColumns, of: "sent_recipient")
        let mailColumns = Self.columns(Self.sentColumns, of: "sent_mail")
        let rows = try connection.rows(
            """
            SELECT \(recipientColumns), \(mailColumns) FROM sent_recipient
            JOIN sent_mail ON sent_mail.id = sent_recipient.mail \(rest)
            """, values)
        var found: [QueuedRecipient] = []
        var unreadable: [UnreadableRecipient] = []
        for row in rows {
            if let recipient = Self.recipient(row), let mail = Self.sentMail(row, from: 11) {
                let suppression = try suppression(of: recipient.address, mail.account, connection)
                found.append(
                    QueuedRecipient(mail: mail, recipient: recipient, suppression: suppression))
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

    // MARK: What operators and events ask

    package func sentMails(
        startingWith prefix: String, limit: Int
    ) async throws(StorageFailure) -> [MessageID] {
        try await database.read { connection throws(StorageFailure) in
            // `g` follows the last hexadecimal digit.
            try connection.rows(
                "SELECT id FROM sent_mail WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3",
                [.text(prefix), .text(prefix + "g"), .integer(Int64(limit))]
            ).compactMap { $0.text(0).flatMap { MessageID($0) } }
        }
    }

    package func sentMail(
        _ id: MessageID
    ) async throws(StorageFailure) -> SentMailRecord? {
        try await database.read { connection throws(StorageFailure) in
            let rows = try connection.rows(
                "SELECT \(Self.sentColumns) FROM sent_mail WHERE id = $1", [.text(id.text)])
            guard let row = rows.first else { return nil }
            guard let mail = Self.sentMail(row) else {
                throw .damaged("the row of sent mail \(id)")
            }
            return mail
        }
    }

    package func recipients(
        of mail: MessageID
    ) async throws(StorageFailure) -> [SentRecipient] {
        try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                """
                SELECT \(Self.recipientColumns) FROM sent_recipient WHERE mail = $1
                ORDER BY position
                """, [.text(mail.text)]
            ).map { row throws(StorageFailure) in
                guard let recipient = Self.recipient(row) else {
                    throw .damaged("a recipient of sent mail \(mail)")
                }
                return recipient
            }
        }
    }

    package func body(of mail: SentMailRecord) async throws(StorageFailure) -> ByteBuffer {
        let body = try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                "SELECT bytes FROM mail_body WHERE mail = $1", [.text(mail.bodyID.text)]
            ).first?.blob(0)
        }
        guard let body else { throw .damaged("sent mail \(mail.id) has no bytes in its row") }
        var checksum = Checksum()
        checksum.update(mail.head)
        checksum.update(body)
        guard body.readableBytes == mail.bodyLength, checksum.value == mail.checksum else {
            throw .damaged("sent mail \(mail.id) differs from what was accepted")
        }
        return body
    }

    package func list(
        _ filter: SendingFilter
    ) async throws(StorageFailure) -> [QueuedRecipient] {
        try await database.read { connection throws(StorageFailure) in
            var condition = SendingCondition(filter)
            let limit = condition.parameter(.integer(Int64(filter.limit)))
            return try self.queued(
                connection,
                """
                \(condition.text)
                ORDER BY sent_recipient.mail DESC, sent_recipient.position LIMIT \(limit)
                """, condition.values
            ).0
        }
    }

    package func places(
        _ filter: SendingFilter, after: SentRecipient.Key?
    ) async throws(StorageFailure) -> [SentPlace] {
        try await database.read { connection throws(StorageFailure) in
            var condition = SendingCondition(filter)
            if let after { condition.begin(after: after) }
            let limit = condition.parameter(.integer(Int64(filter.limit)))
            return try connection.rows(
                """
                SELECT sent_recipient.mail, sent_recipient.position, sent_recipient.destination
                FROM sent_recipient JOIN sent_mail ON sent_mail.id = sent_recipient.mail
                \(condition.text)
                ORDER BY sent_recipient.mail, sent_recipient.position LIMIT \(limit)
                """, condition.values
            ).compactMap { row in
                guard let mail = row.text(0).flatMap({ MessageID($0) }),
                    let position = row.integer(1), let destination = row.text(2)
                else { return nil }
                return SentPlace(
                    key: SentRecipient.Key(mail: mail, position: Int(position)),
                    destination: destination)
            }
        }
    }

    package func count(_ filter: SendingFilter) async throws(StorageFailure) -> Int {
        let condition = SendingCondition(filter)
        return try await database.read { connection throws(StorageFailure) in
            let count = try connection.rows(
                """
                SELECT COUNT(*) FROM sent_recipient
                JOIN sent_mail ON sent_mail.id = sent_recipient.mail \(condition.text)
                """, condition.values
            ).first?.integer(0)
            return Int(count ?? 0)
        }
    }

    package func queued(
        _ keys: [SentRecipient.Key]
    ) async throws(StorageFailure) -> [QueuedRecipient] {
        try await database.read { connection throws(StorageFailure) in
            var found: [QueuedRecipient] = []
            for key in keys {
                found += try self.queued(
                    connection,
                    "WHERE sent_recipient.mail = $1 AND sent_recipient.position = $2",
                    [.text(key.mail.text), .integer(Int64(key.position))]
                ).0
            }
            return found
        }
    }

    /// What a filter means in SQL.
    private struct SendingCondition {
        var clauses: [String] = []
        var values: [SQLValue] = []

        init(_ filter: SendingFilter) {
            if !filter.states.isEmpty {
                let list = filter.states.map { parameter(.text($0.rawValue)) }
                clauses.append("sent_recipient.state IN (\(list.joined(separator: ", ")))")
            }
            if let destination = filter.destination {
                clauses.append("sent_recipient.destination = \(parameter(.text(destination)))")
            }
            if let mail = filter.mail {
                clauses.append("sent_recipient.mail = \(parameter(.text(mail.text)))")
            }
            if let recipient = filter.recipient {
                like("LOWER(sent_recipient.address)", "%\(likeEscaped(recipient.lowercased()))%")
            }
            if let domain = filter.recipientDomain {
                like("LOWER(sent_recipient.address)", "%@\(likeEscaped(domain.lowercased()))")
            }
            if let sender = filter.sender {
                like("LOWER(sent_mail.sender)", "%\(likeEscaped(sender.lowercased()))%")
            }
            if let time = filter.acceptedBefore {
                clauses.append(
                    "sent_mail.accepted_ms < \(parameter(.integer(time.milliseconds)))")
            }
            if let time = filter.dueBy {
                clauses.append(
                    "(sent_recipient.last_ms IS NOT NULL OR sent_recipient.due_ms <= "
                        + "\(parameter(.integer(time.milliseconds))))")
            }
        }

        private mutating func like(_ column: String, _ pattern: String) {
            clauses.append("\(column) LIKE \(parameter(.text(pattern))) ESCAPE '!'")
        }

        /// Only what stands behind `key`, by mail and position.
        mutating func begin(after key: SentRecipient.Key) {
            let mail = SQLValue.text(key.mail.text)
            let (first, second) = (parameter(mail), parameter(mail))
            let position = parameter(.integer(Int64(key.position)))
            clauses.append(
                "(sent_recipient.mail > \(first) OR (sent_recipient.mail = \(second) "
                    + "AND sent_recipient.position > \(position)))")
        }

        mutating func parameter(_ value: SQLValue) -> String {
            values.append(value)
            return "$\(values.count)"
        }

        var text: String {
            clauses.isEmpty ? "" : "WHERE " + clauses.joined(separator: " AND ")
        }
    }

    package func sendingCounts() async throws(StorageFailure) -> SendingCounts {
        try await database.read { connection throws(StorageFailure) in
            func count(_ sql: String) throws(StorageFailure) -> Int {
                Int(try connection.rows("SELECT COUNT(*) FROM \(sql)", []).first?.integer(0) ?? 0)
            }
            return SendingCounts(
                queued: try count("sent_recipient WHERE state = 'queued'"),
                held: try count("sent_recipient WHERE state = 'held'"),
                restingDestinations: try count("destination WHERE failures > 0"))
        }
    }
}
