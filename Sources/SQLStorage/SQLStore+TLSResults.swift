package import Storage

extension SQLStore: TLSResultStore {
    package func add(
        _ counts: [TLSResultCount], rowsMax: Int
    ) async throws(StorageFailure) {
        guard !counts.isEmpty else { return }
        try await write(isUrgent: false) { connection throws(StorageFailure) in
            var rows: [Int: Int] = [:]
            for count in counts {
                if try Self.raise(count, connection) { continue }
                let day = count.key.day
                if rows[day] == nil { rows[day] = try Self.rows(of: day, connection) }
                if rows[day, default: 0] < rowsMax {
                    try Self.insert(count, connection)
                    rows[day, default: 0] += 1
                } else {
                    let others = TLSResultCount(.others(on: day), sessions: count.sessions)
                    if try Self.raise(others, connection) { continue }
                    try Self.insert(others, connection)
                }
            }
        }
    }

    /// Whether its row is there.
    private static func raise(
        _ count: TLSResultCount, _ connection: any SQLConnection
    ) throws(StorageFailure) -> Bool {
        try connection.execute(
            """
            UPDATE tls_result SET sessions = sessions + $1
            WHERE day = $2 AND domain = $3 AND policy = $4 AND host = $5 AND failure = $6
            """, [.integer(Int64(count.sessions))] + values(count.key)) > 0
    }

    private static func insert(
        _ count: TLSResultCount, _ connection: any SQLConnection
    ) throws(StorageFailure) {
        try connection.execute(
            """
            INSERT INTO tls_result (sessions, day, domain, policy, host, failure)
            VALUES ($1, $2, $3, $4, $5, $6)
            """, [.integer(Int64(count.sessions))] + values(count.key))
    }

    private static func values(_ key: TLSResultCount.Key) -> [SQLValue] {
        [
            .integer(Int64(key.day)), .text(key.domain), .text(key.policy.rawValue),
            .text(key.host), .text(key.failure),
        ]
    }

    private static func rows(
        of day: Int, _ connection: any SQLConnection
    ) throws(StorageFailure) -> Int {
        let rows = try connection.rows(
            "SELECT COUNT(*) FROM tls_result WHERE day = $1 AND policy <> $2",
            [.integer(Int64(day)), .text(TLSResultCount.Policy.others.rawValue)])
        return Int(rows.first?.integer(0) ?? 0)
    }

    package func tlsResults(of day: Int) async throws(StorageFailure) -> [TLSResultCount] {
        try await database.read { connection throws(StorageFailure) in
            let rows = try connection.rows(
                """
                SELECT domain, policy, host, failure, sessions FROM tls_result WHERE day = $1
                ORDER BY domain, policy, host, failure
                """, [.integer(Int64(day))])
            return try rows.map { row throws(StorageFailure) in
                guard let domain = row.text(0), let host = row.text(2),
                    let policy = row.text(1).flatMap(TLSResultCount.Policy.init(rawValue:)),
                    let failure = row.text(3), let sessions = row.integer(4)
                else { throw .damaged("a count of TLS results") }
                return TLSResultCount(
                    TLSResultCount.Key(
                        day: day, domain: domain, policy: policy, host: host, failure: failure),
                    sessions: Int(sessions))
            }
        }
    }

    package func expireTLSResults(before day: Int) async throws(StorageFailure) {
        try await write(isUrgent: false) { connection throws(StorageFailure) in
            try connection.execute(
                "DELETE FROM tls_result WHERE day < $1", [.integer(Int64(day))])
        }
    }
}
