package import MailModel
package import Storage

/// The versions of rule sets: those that were in force.
extension SQLStore {
    package func keep(
        version: String, name: String, document: String, source: RuleSetSource?,
        because cause: RuleSetCause, at time: Timestamp
    ) async throws(StorageFailure) {
        try await write { connection throws(StorageFailure) in
            let newest = try connection.rows(
                "SELECT version, used_ms FROM rule_set_version ORDER BY used_ms DESC LIMIT 1", []
            ).first
            if newest?.text(0) != version {
                // Later than all others, whatever the clock says.
                let used = max(time.milliseconds, (newest?.integer(1) ?? 0) + 1)
                try connection.execute(
                    """
                    INSERT INTO rule_set_version (version, name, document, kept_ms, used_ms, cause)
                    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (version)
                    DO UPDATE SET used_ms = excluded.used_ms, cause = excluded.cause
                    """,
                    [
                        .text(version), .text(name), .text(document),
                        .integer(time.milliseconds), .integer(used), .text(cause.rawValue),
                    ])
            }
            guard let source else { return }
            try connection.execute(
                "UPDATE rule_set_version SET source = $1 WHERE version = $2",
                [.text(Self.json(source)), .text(version)])
        }
    }

    package func document(ofVersion version: String) async throws(StorageFailure) -> String? {
        try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                "SELECT document FROM rule_set_version WHERE version = $1", [.text(version)]
            ).first?.text(0)
        }
    }

    package func source(
        ofVersion version: String
    ) async throws(StorageFailure) -> RuleSetSource? {
        try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                "SELECT source FROM rule_set_version WHERE version = $1", [.text(version)]
            ).first?.text(0)
        }.flatMap { Self.value($0) }
    }

    package func versions(
        of name: String?
    ) async throws(StorageFailure) -> [RuleSetVersion] {
        try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                """
                SELECT version, name, kept_ms, used_ms, cause FROM rule_set_version
                \(name == nil ? "" : "WHERE name = $1") ORDER BY used_ms DESC
                """, name.map { [.text($0)] } ?? []
            ).map { row in
                RuleSetVersion(
                    version: row.text(0) ?? "", name: row.text(1) ?? "",
                    firstInForceAt: Timestamp(milliseconds: row.integer(2) ?? 0),
                    inForceAt: Timestamp(milliseconds: row.integer(3) ?? 0),
                    cause: row.text(4).flatMap(RuleSetCause.init(rawValue:)))
            }
        }
    }

    package func mailCountsByVersion() async throws(StorageFailure) -> [String: Int] {
        try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                "SELECT rule_set_version, COUNT(*) FROM mail GROUP BY rule_set_version", []
            ).reduce(into: [:]) { counts, row in
                counts[row.text(0) ?? ""] = Int(row.integer(1) ?? 0)
            }
        }
    }

    package func dropVersions(
        keeping count: Int, at time: Timestamp
    ) async throws(StorageFailure) -> Int {
        let limit = try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                "SELECT used_ms FROM rule_set_version ORDER BY used_ms DESC LIMIT 1 OFFSET $1",
                [.integer(Int64(count - 1))]
            ).first?.integer(0)
        }
        guard let limit, limit < time.advanced(bySeconds: -86_400).milliseconds else { return 0 }
        let old = try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                "SELECT version FROM rule_set_version WHERE used_ms < $1", [.integer(limit)]
            ).compactMap { $0.text(0) }
        }
        guard !old.isEmpty else { return 0 }
        var wanted = Set(try await mailCountsByVersion().keys)
        if let replay = try await openReplay() { wanted.insert(replay.wish.ruleSetVersion) }
        let gone = old.filter { !wanted.contains($0) }
        guard !gone.isEmpty else { return 0 }
        try await write { connection throws(StorageFailure) in
            // One may have come into force again meanwhile.
            for version in gone {
                try connection.execute(
                    "DELETE FROM rule_set_version WHERE version = $1 AND used_ms < $2",
                    [.text(version), .integer(limit)])
            }
        }
        return gone.count
    }
}
