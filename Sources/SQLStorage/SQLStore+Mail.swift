package import MailModel
package import NIOCore
import RuleEngine
package import Storage

extension SQLStore: MailStore {
    static let mailColumns = """
        id, account, received_ms, state, mail_from, recipients, helo, peer_address, tls,
        is_extended, is_smtputf8, is_8bitmime, rule_set_version, is_untaken, body_place,
        head_length, total_length, checksum, peer_name_state, peer_name, verdicts,
        waits_for, requires_tls, replay, replay_of, message_id, replay_sends, replay_object
        """

    // MARK: Accepting

    package func accept(
        _ mail: AcceptedMail,
        completion: @escaping @Sendable (Result<Void, StorageFailure>) -> Void
    ) {
        writer.submit(
            GroupCommit.Unit(
                needsDirectorySync: mail.record.bodyPlace == .file, isUrgent: true,
                work: { connection throws(StorageFailure) in
                    try Self.insert(mail.record, dueAt: mail.record.receivedAt, connection)
                    if let content = mail.content {
                        try connection.execute(
                            "INSERT INTO mail_body (mail, bytes) VALUES ($1, $2)",
                            [.text(mail.record.id.text), .blob(content)])
                    }
                }, completion: completion))
    }

    private static let insertion = """
        INSERT INTO mail (\(mailColumns), due_ms) VALUES
        ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
            $21, $22, $23, $24, $25, $26, $27, $28, $29)
        """

    static func insert(
        _ record: MailRecord, dueAt due: Timestamp, _ connection: any SQLConnection
    ) throws(StorageFailure) {
        let envelope = record.envelope
        try connection.execute(
            insertion,
            [
                .text(record.id.text), .text(record.account.text),
                .integer(record.receivedAt.milliseconds), .text(record.state.rawValue),
                .text(envelope.mailFrom.wireText),
                // No mailbox holds a line feed.
                .text(envelope.recipients.map { $0.wireText }.joined(separator: "\n")),
                .text(envelope.helo), .text(envelope.peerAddress), .text(envelope.tls),
                .flag(envelope.isExtended), .flag(envelope.isSMTPUTF8),
                .flag(envelope.is8BitMIME), .text(record.ruleSetVersion),
                .flag(record.isUntaken), .text(record.bodyPlace.rawValue),
                .integer(Int64(record.headLength)), .integer(Int64(record.totalLength)),
                .integer(Int64(record.checksum)), .text(envelope.peerName.state),
                .text(envelope.peerName.domain?.ascii),
                .text(record.verdicts.map { json($0.json) }),
                .text(record.waitsFor), .flag(envelope.requiresTLS),
                .integer(record.replay.map { Int64($0.replay) }),
                .text(record.replay?.original.text), .text(record.replay?.messageID.text),
                .flag(record.replay?.sends == true), .text(record.replay?.object),
                .integer(due.milliseconds),
            ])
    }

    // MARK: The journal

    package func record(_ progress: [MailProgress]) async throws(StorageFailure) {
        try await write(isUrgent: false) { connection throws(StorageFailure) in
            for entry in progress { try Self.record(entry, connection) }
        }
    }

    private static func record(
        _ progress: MailProgress, _ connection: any SQLConnection
    ) throws(StorageFailure) {
        // An operator may have removed it meanwhile.
        if let verdicts = progress.verdicts {
            let changed = try connection.execute(
                "UPDATE mail SET verdicts = $1, waits_for = $2 WHERE id = $3",
                [.text(json(verdicts.json)), .text(progress.waitsFor), .text(progress.mail.text)])
            guard changed > 0 else { return }
        } else {
            let found = try connection.rows(
                "SELECT 1 FROM mail WHERE id = $1", [.text(progress.mail.text)])
            guard !found.isEmpty else { return }
        }
        if progress.isUntaken {
            try connection.execute(
                "UPDATE mail SET is_untaken = 1 WHERE id = $1", [.text(progress.mail.text)])
        }
        for action in progress.actions {
            try connection.execute(
                """
                INSERT INTO action (mail, rule, position, asked, recipient, kind, state, attempts,
                    first_ms, last_ms, next_ms, disposition, asks, detail)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
                ON CONFLICT (mail, rule, position, asked, recipient) DO UPDATE SET
                    state = excluded.state, attempts = excluded.attempts,
                    first_ms = excluded.first_ms, last_ms = excluded.last_ms,
                    next_ms = excluded.next_ms, disposition = excluded.disposition,
                    asks = excluded.asks, detail = excluded.detail
                """,
                [
                    .text(action.mail.text), .text(action.key.rule),
                    .integer(Int64(action.key.position)), .integer(Int64(action.key.asked ?? 0)),
                    .text(action.key.recipient?.wireText ?? ""), .text(action.kind),
                    .text(action.state.rawValue), .integer(Int64(action.attempts)),
                    .integer(action.firstAttemptAt.milliseconds),
                    .integer(action.lastAttemptAt.milliseconds),
                    .integer(action.nextAttemptAt?.milliseconds),
                    .text(action.disposition.rawValue),
                    .text(action.asks.isEmpty ? nil : json(action.asks)), .text(action.detail),
                ])
        }
        try insert(progress.deliveries, connection)
        // Meanwhile an operator may have asked for an action again that was dead to the runner.
        let open = try connection.rows(
            "SELECT MIN(next_ms) FROM action WHERE mail = $1 AND state = 'retrying'",
            [.text(progress.mail.text)])
        let retryAt = open.first?.integer(0)
        if let state = progress.newState, retryAt == nil || state == .held {
            try connection.execute(
                "UPDATE mail SET state = $1, due_ms = NULL WHERE id = $2 AND state = 'acting'",
                [.text(state.rawValue), .text(progress.mail.text)])
        } else if let due = [progress.nextAttemptAt?.milliseconds, retryAt].compactMap({ $0 }).min()
        {
            try connection.execute(
                "UPDATE mail SET due_ms = $1 WHERE id = $2 AND state = 'acting'",
                [.integer(due), .text(progress.mail.text)])
        }
    }

    // MARK: Reading

    /// Acting; what has a state that is none is seen here, too, and set aside when it is read.
    private static let isActing = "state NOT IN ('held', 'retired', 'damaged')"

    package func due(at time: Timestamp, limit: Int) async throws(StorageFailure) -> [MailID] {
        let found = try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                "SELECT id FROM mail WHERE due_ms <= $1 AND due_ms IS NOT NULL "
                    + "AND \(Self.isActing) ORDER BY due_ms LIMIT $2",
                [.integer(time.milliseconds), .integer(Int64(limit))]
            ).compactMap { $0.text(0) }
        }
        for id in found where MailID(id) == nil { try await setAside(id) }
        return found.compactMap { MailID($0) }
    }

    package func acting(_ mails: [MailID]) async throws(StorageFailure) -> [MailRecord] {
        try await readable { connection throws(StorageFailure) in
            var rows: [any SQLRow] = []
            for mail in mails {
                rows += try Self.rows(
                    connection, "WHERE id = $1 AND \(Self.isActing)", [.text(mail.text)])
            }
            return rows
        }
    }

    package func journals(
        of mails: [MailID]
    ) async throws(StorageFailure) -> [MailID: Result<[ActionRecord], StorageFailure>] {
        try await database.read { connection throws(StorageFailure) in
            var journals: [MailID: Result<[ActionRecord], StorageFailure>] = [:]
            for mail in mails {
                do throws(StorageFailure) {
                    journals[mail] = .success(try Self.actions(connection, of: mail))
                } catch {
                    journals[mail] = .failure(error)
                }
            }
            return journals
        }
    }

    package func mail(_ id: MailID) async throws(StorageFailure) -> MailRecord? {
        try await database.read { connection throws(StorageFailure) in
            try Self.records(connection, "WHERE id = $1", [.text(id.text)]).first
        }
    }

    package func actions(of mail: MailID) async throws(StorageFailure) -> [ActionRecord] {
        try await database.read { connection throws(StorageFailure) in
            try Self.actions(connection, of: mail)
        }
    }

    private static func actions(
        _ connection: any SQLConnection, of mail: MailID
    ) throws(StorageFailure) -> [ActionRecord] {
        try connection.rows(
            """
            SELECT rule, position, asked, recipient, kind, state, attempts, first_ms, last_ms,
                next_ms, disposition, detail, asks
            FROM action WHERE mail = $1 ORDER BY first_ms, rule, position, asked, recipient
            """, [.text(mail.text)]
        ).map { row throws(StorageFailure) in try action(row, of: mail) }
    }

    package func mails(
        startingWith prefix: String, limit: Int
    ) async throws(StorageFailure) -> [MailID] {
        try await database.read { connection throws(StorageFailure) in
            // `w` follows base32hex's last letter.
            try connection.rows(
                "SELECT id FROM mail WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3",
                [.text(prefix), .text(prefix + "w"), .integer(Int64(limit))]
            ).compactMap { $0.text(0).flatMap { MailID($0) } }
        }
    }

    package func list(_ filter: MailFilter) async throws(StorageFailure) -> [MailRecord] {
        try await readable { connection throws(StorageFailure) in
            var clauses: [String] = []
            var values: [SQLValue] = []
            func parameter(_ value: SQLValue) -> String {
                values.append(value)
                return "$\(values.count)"
            }
            if !filter.states.isEmpty {
                let list = filter.states.map { parameter(.text($0.rawValue)) }
                clauses.append("state IN (\(list.joined(separator: ", ")))")
            }
            if filter.isUntakenOnly { clauses.append("is_untaken = 1") }
            if filter.areReplaysLeftOut { clauses.append("replay_of IS NULL") }
            if filter.hasDeadActionsOnly {
                clauses.append("id IN (SELECT mail FROM action WHERE state = 'dead')")
            }
            if let address = filter.address {
                let pattern = parameter(.text("%\(Self.likeEscaped(address.lowercased()))%"))
                clauses.append(
                    "(LOWER(mail_from) LIKE \(pattern) ESCAPE '!' "
                        + "OR LOWER(recipients) LIKE \(pattern) ESCAPE '!')")
            }
            if let tag = filter.tag {
                let given = parameter(.text(tag))
                let asked =
                    tag.contains("=")
                    ? "detail = \(given)"
                    : "SUBSTR(detail, 1, LENGTH(\(given)) + 1) = \(given) || '='"
                clauses.append(
                    "EXISTS (SELECT 1 FROM action WHERE action.mail = mail.id AND kind = 'tag' "
                        + "AND action.state = 'done' AND \(asked))")
            }
            if let before = filter.before {
                clauses.append("id < \(parameter(.text(before.text)))")
            }
            let condition = clauses.isEmpty ? "" : "WHERE " + clauses.joined(separator: " AND ")
            let limit = parameter(.integer(Int64(filter.limit)))
            return try Self.rows(
                connection, "\(condition) ORDER BY id DESC LIMIT \(limit)", values)
        }
    }

    static func likeEscaped(_ text: String) -> String {
        text.replacing("!", with: "!!").replacing("%", with: "!%").replacing("_", with: "!_")
    }

    package func counts() async throws(StorageFailure) -> MailCounts {
        try await database.read { connection throws(StorageFailure) in
            func count(_ sql: String) throws(StorageFailure) -> Int {
                Int(try connection.rows("SELECT COUNT(*) FROM \(sql)", []).first?.integer(0) ?? 0)
            }
            return MailCounts(
                acting: try count("mail WHERE due_ms IS NOT NULL"),
                unjudged: try count("mail WHERE waits_for IS NOT NULL AND state = 'acting'"),
                held: try count("mail WHERE state IN ('held', 'damaged') AND state = 'held'"),
                damaged: try count("mail WHERE state IN ('held', 'damaged') AND state = 'damaged'"),
                untaken: try count("mail WHERE is_untaken = 1"),
                retryingActions: try count(
                    "action WHERE state <> 'done' AND state = 'retrying'"),
                deadActions: try count("action WHERE state <> 'done' AND state = 'dead'"))
        }
    }

    package func retiredCount() async throws(StorageFailure) -> Int {
        try await database.read { connection throws(StorageFailure) in
            let rows = try connection.rows(
                """
                SELECT COUNT(*) FROM mail WHERE state = 'retired' AND body_place <> 'expired'
                """, [])
            return Int(rows.first?.integer(0) ?? 0)
        }
    }

    package func dueCount(at time: Timestamp, limit: Int) async throws(StorageFailure) -> Int {
        try await database.read { connection throws(StorageFailure) in
            let rows = try connection.rows(
                """
                SELECT COUNT(*) FROM (
                    SELECT 1 FROM mail WHERE due_ms <= $1 AND due_ms IS NOT NULL LIMIT $2) AS due
                """, [.integer(time.milliseconds), .integer(Int64(limit))])
            return Int(rows.first?.integer(0) ?? 0)
        }
    }

    package func content(of mail: MailRecord) async throws(StorageFailure) -> ByteBuffer {
        let bytes = try database.readHere { connection throws(StorageFailure) in
            try Self.content(connection, of: mail)
        }
        var checksum = Checksum()
        checksum.update(bytes)
        guard bytes.readableBytes == mail.totalLength, checksum.value == mail.checksum else {
            throw .damaged("mail \(mail.id) differs from what was accepted")
        }
        return bytes
    }

    package func unverifiedContent(
        of mail: MailRecord
    ) async throws(StorageFailure) -> ByteBuffer {
        try await database.read { connection throws(StorageFailure) in
            try Self.content(connection, of: mail)
        }
    }

    private static func content(
        _ connection: any SQLConnection, of mail: MailRecord
    ) throws(StorageFailure) -> ByteBuffer {
        let rows = try connection.rows(
            "SELECT bytes FROM mail_body WHERE mail = $1", [.text(mail.id.text)])
        guard let bytes = rows.first?.blob(0) else {
            throw .damaged("mail \(mail.id) has no bytes in its row")
        }
        return bytes
    }

    // MARK: What operators do

    package func move(
        _ mail: MailID, from: Set<MailRecord.State>, to: MailRecord.State
    ) async throws(StorageFailure) -> Bool {
        let allowed = from.map(\.rawValue).sorted().map { "'\($0)'" }.joined(separator: ", ")
        return try await write { connection throws(StorageFailure) in
            try connection.execute(
                """
                UPDATE mail SET state = $1,
                    due_ms = CASE WHEN $2 = 'acting' THEN received_ms ELSE NULL END
                WHERE id = $3 AND state IN (\(allowed))
                """, [.text(to.rawValue), .text(to.rawValue), .text(mail.text)]) > 0
        }
    }

    package func takeAsItIs(
        _ mail: MailID, _ content: ByteBuffer
    ) async throws(StorageFailure) {
        var checksum = Checksum()
        checksum.update(content)
        let (length, sum) = (Int64(content.readableBytes), Int64(checksum.value))
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                """
                UPDATE mail SET total_length = $1, checksum = $2,
                    head_length = CASE WHEN head_length > $3 THEN $4 ELSE head_length END
                WHERE id = $5 AND state = 'damaged'
                """,
                [
                    .integer(length), .integer(sum), .integer(length), .integer(length),
                    .text(mail.text),
                ])
        }
    }

    package func retry(
        _ mail: MailID, now: Timestamp
    ) async throws(StorageFailure) -> RetryAnswer {
        try await write { connection throws(StorageFailure) in
            guard
                let record = try Self.records(connection, "WHERE id = $1", [.text(mail.text)]).first
            else { throw .notFound("mail \(mail) is gone") }
            switch record.state {
            case .held, .damaged: return .notReleased(record.state)
            case .acting, .retired: break
            }
            guard record.bodyPlace != .expired else {
                throw .notFound("the raw mail has expired; its actions cannot run again")
            }
            let changed = try connection.execute(
                """
                UPDATE action SET state = 'retrying', next_ms = $1, first_ms = $2
                WHERE mail = $3 AND state IN ('retrying', 'dead')
                """,
                [.integer(now.milliseconds), .integer(now.milliseconds), .text(mail.text)])
            guard changed > 0 || record.waitsFor != nil else { return .nothingToRetry }
            try connection.execute(
                "UPDATE mail SET state = 'acting', due_ms = $1 WHERE id = $2",
                [.integer(now.milliseconds), .text(mail.text)])
            return .due
        }
    }

    package func remove(_ mail: MailID) async throws(StorageFailure) -> Bool {
        try await write { connection throws(StorageFailure) in
            try Self.removeRows(of: mail.text, connection)
        }
    }

    static func removeRows(
        of mail: String, _ connection: any SQLConnection
    ) throws(StorageFailure) -> Bool {
        try connection.execute("DELETE FROM mail_body WHERE mail = $1", [.text(mail)])
        try connection.execute("DELETE FROM action WHERE mail = $1", [.text(mail)])
        return try connection.execute("DELETE FROM mail WHERE id = $1", [.text(mail)]) > 0
    }
}
