package import MailModel
package import NIOCore
package import Storage

/// What operators and events ask of sent mails.
extension SQLStore {
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
            return try Self.queued(
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
                found += try Self.queued(
                    connection,
                    "WHERE sent_recipient.mail = $1 AND sent_recipient.position = $2",
                    [.text(key.mail.text), .integer(Int64(key.position))]
                ).0
            }
            return found
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
