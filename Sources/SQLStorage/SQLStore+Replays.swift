package import MailModel
package import Storage

extension SQLStore: ReplayStore {
    /// Ended ones that are kept.
    private static let replaysKept = 100

    package func begin(
        _ wish: ReplayWish, at time: Timestamp
    ) async throws(StorageFailure) -> ReplayRecord? {
        try await write { connection throws(StorageFailure) in
            guard try Self.replays(connection, "WHERE ended_ms IS NULL", []).isEmpty else {
                return nil
            }
            let newest = try connection.rows("SELECT MAX(number) FROM replay", []).first
            let number = (newest?.integer(0) ?? 0) + 1
            try connection.execute(
                """
                INSERT INTO replay (number, accepted_ms, is_cancelled, wish, progress)
                VALUES ($1, $2, 0, $3, $4)
                """,
                [
                    .integer(number), .integer(time.milliseconds), .text(Self.json(wish)),
                    .text(Self.json(ReplayProgress())),
                ])
            try connection.execute(
                "DELETE FROM replay WHERE number <= $1",
                [.integer(number - Int64(Self.replaysKept))])
            return try Self.replays(connection, "WHERE number = $1", [.integer(number)]).first
        }
    }

    package func openReplay() async throws(StorageFailure) -> ReplayRecord? {
        try await database.read { connection throws(StorageFailure) in
            try Self.replays(connection, "WHERE ended_ms IS NULL", []).first
        }
    }

    package func replay(_ number: Int) async throws(StorageFailure) -> ReplayRecord? {
        try await database.read { connection throws(StorageFailure) in
            try Self.replays(connection, "WHERE number = $1", [.integer(Int64(number))]).first
        }
    }

    package func replays(limit: Int) async throws(StorageFailure) -> [ReplayRecord] {
        try await database.read { connection throws(StorageFailure) in
            try Self.replays(
                connection, "ORDER BY number DESC LIMIT $1", [.integer(Int64(limit))])
        }
    }

    package func cancel(
        replay number: Int, at time: Timestamp
    ) async throws(StorageFailure) -> Bool {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                """
                UPDATE replay SET ended_ms = $1, is_cancelled = 1
                WHERE number = $2 AND ended_ms IS NULL
                """, [.integer(time.milliseconds), .integer(Int64(number))]) > 0
        }
    }

    private static func replays(
        _ connection: any SQLConnection, _ rest: String, _ values: [SQLValue]
    ) throws(StorageFailure) -> [ReplayRecord] {
        try connection.rows(
            "SELECT number, accepted_ms, ended_ms, is_cancelled, wish, progress FROM replay \(rest)",
            values
        ).map { row throws(StorageFailure) in
            let wish: ReplayWish? = row.text(4).flatMap(value)
            let progress: ReplayProgress? = row.text(5).flatMap(value)
            guard let number = row.integer(0), let accepted = row.integer(1), let wish,
                let progress
            else { throw .damaged("the row of replay \(row.integer(0) ?? 0)") }
            return ReplayRecord(
                number: Int(number), acceptedAt: Timestamp(milliseconds: accepted),
                endedAt: row.integer(2).map(Timestamp.init(milliseconds:)),
                isCancelled: row.integer(3) == 1, wish: wish, progress: progress)
        }
    }

    // MARK: Choosing

    package func mails(
        for wish: ReplayWish, after cursor: MailID?, limit: Int
    ) async throws(StorageFailure) -> [MailRecord] {
        // Ids sort as the mails came, and none is of a time before its mail's.
        let first = wish.receivedFrom.map { MailID(at: $0, random: FirstBytes()).text } ?? ""
        var values: [SQLValue] = [.text(max(cursor?.text ?? "", first)), .text(wish.before.text)]
        var condition = "id > $1 AND id < $2 AND replay_of IS NULL"
        if let from = wish.receivedFrom {
            values.append(.integer(from.milliseconds))
            condition += " AND received_ms >= $\(values.count)"
        }
        if let before = wish.receivedBefore {
            values.append(.integer(before.milliseconds))
            condition += " AND received_ms < $\(values.count)"
        }
        if let recipient = wish.recipient {
            values.append(.text("%\(Self.likeEscaped(recipient.lowercased()))%"))
            condition += " AND LOWER(recipients) LIKE $\(values.count) ESCAPE '!'"
        }
        values.append(.integer(Int64(limit)))
        let rest = "WHERE \(condition) ORDER BY id LIMIT $\(values.count)"
        let chosen = values
        return try await readable { connection throws(StorageFailure) in
            try Self.rows(connection, rest, chosen)
        }
    }

    private struct FirstBytes: RandomSource {
        func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
    }

    package func obstacle(
        to original: MailID, in replay: Int?
    ) async throws(StorageFailure) -> ReplayObstacle? {
        try await database.read { connection throws(StorageFailure) in
            if let replay, try Self.has(replay, original, connection) { return .twice }
            let rows = try connection.rows(
                "SELECT 1 FROM mail WHERE replay_of = $1 AND state <> 'retired' LIMIT 1",
                [.text(original.text)])
            return rows.isEmpty ? nil : .replaying
        }
    }

    /// Whether the mail is among those that were put on their way by this replay.
    private static func has(
        _ replay: Int, _ original: MailID, _ connection: any SQLConnection
    ) throws(StorageFailure) -> Bool {
        let rows = try connection.rows(
            "SELECT 1 FROM mail WHERE replay_of = $1 AND replay = $2 LIMIT 1",
            [.text(original.text), .integer(Int64(replay))])
        return !rows.isEmpty
    }

    package func replays(
        of original: MailID, limit: Int
    ) async throws(StorageFailure) -> [MailID] {
        try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                "SELECT id FROM mail WHERE replay_of = $1 ORDER BY id LIMIT $2",
                [.text(original.text), .integer(Int64(limit))]
            ).compactMap { $0.text(0).flatMap { MailID($0) } }
        }
    }

    // MARK: Going on

    package func advance(
        _ step: ReplayStep, at time: Timestamp
    ) async throws(StorageFailure) -> ReplayAdvance {
        let hasFiles = step.mails.contains { $0.record.bodyPlace == .file }
        return try await write(needsDirectorySync: hasFiles) { connection throws(StorageFailure) in
            let number = Int64(step.replay)
            guard
                var replay = try Self.replays(
                    connection, "WHERE number = $1 AND ended_ms IS NULL", [.integer(number)]
                ).first
            else { return ReplayAdvance(replay: nil, obstacles: [:]) }
            for obstacle in step.obstacles { replay.progress.note(obstacle) }
            var obstacles: [MailID: ReplayObstacle] = [:]
            for (index, mail) in step.mails.enumerated() {
                // A moment apart, so that they are due in their order.
                let due = Timestamp(
                    milliseconds: time.milliseconds - Int64(step.mails.count - index))
                if let obstacle = try Self.insert(mail, dueAt: due, connection) {
                    obstacles[mail.record.id] = obstacle
                    replay.progress.note(obstacle)
                } else {
                    replay.progress.replayed += 1
                }
            }
            replay.progress.cursor = step.cursor
            replay.endedAt = step.isLast ? time : nil
            try connection.execute(
                "UPDATE replay SET progress = $1, ended_ms = $2 WHERE number = $3",
                [
                    .text(Self.json(replay.progress)), .integer(replay.endedAt?.milliseconds),
                    .integer(number),
                ])
            return ReplayAdvance(replay: replay, obstacles: obstacles)
        }
    }

    /// What was chosen a moment ago may have expired, or been removed or retried, since.
    private static func insert(
        _ mail: ReplayedMail, dueAt due: Timestamp, _ connection: any SQLConnection
    ) throws(StorageFailure) -> ReplayObstacle? {
        if let mark = mail.record.replay, try has(mark.replay, mark.original, connection) {
            return .twice
        }
        switch mail.source {
        case .mail(let source):
            if let obstacle = try copy(source, to: mail.record, connection) { return obstacle }
        case .object(let content):
            if let content {
                try connection.execute(
                    "INSERT INTO mail_body (mail, bytes) VALUES ($1, $2)",
                    [.text(mail.record.id.text), .blob(content)])
            }
        }
        try insert(mail.record, dueAt: due, connection)
        return nil
    }

    /// Bytes that are in the row of `source`, for the row of `record`.
    private static func copy(
        _ source: MailID, to record: MailRecord, _ connection: any SQLConnection
    ) throws(StorageFailure) -> ReplayObstacle? {
        let found = try connection.rows(
            "SELECT state FROM mail WHERE id = $1", [.text(source.text)])
        guard let state = found.first?.text(0).flatMap(MailRecord.State.init(rawValue:)) else {
            return .removed
        }
        if let obstacle = ReplayObstacle(state) { return obstacle }
        guard record.bodyPlace == .row else { return nil }
        let copied = try connection.execute(
            "INSERT INTO mail_body (mail, bytes) SELECT $1, bytes FROM mail_body WHERE mail = $2",
            [.text(record.id.text), .text(source.text)])
        return copied == 1 ? nil : .contentGone
    }
}
