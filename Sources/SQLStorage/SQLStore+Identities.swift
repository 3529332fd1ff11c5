import MailModel
package import Storage

extension SQLStore: IdentityStore {
    private static let identityColumns = """
        account, name, kind, created_ms, status, is_trusted, token, since_ms, checked_ms,
        check_error, check_detail, check_found, succeeded_ms, next_check_ms
        """

    private static let identityInsertion = """
        INSERT INTO identity (\(identityColumns))
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        """

    package func identities(
        of account: AccountID
    ) async throws(StorageFailure) -> [IdentityRecord] {
        try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                "SELECT \(Self.identityColumns) FROM identity WHERE account = $1 ORDER BY name",
                [.text(account.text)]
            ).map { row throws(StorageFailure) in try Self.identity(row, of: account) }
        }
    }

    package func insert(_ identity: IdentityRecord) async throws(StorageFailure) -> Bool {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                Self.identityInsertion + " ON CONFLICT (account, name) DO NOTHING",
                Self.key(of: identity) + Self.values(of: identity)) > 0
        }
    }

    package func put(_ identity: IdentityRecord) async throws(StorageFailure) {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                Self.identityInsertion + """
                     ON CONFLICT (account, name) DO UPDATE SET
                    status = excluded.status, is_trusted = excluded.is_trusted,
                    since_ms = excluded.since_ms, next_check_ms = excluded.next_check_ms
                    """,
                Self.key(of: identity) + Self.values(of: identity))
        }
    }

    package func replace(
        _ old: IdentityRecord, with new: IdentityRecord
    ) async throws(StorageFailure) -> Bool {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                """
                UPDATE identity SET status = $1, is_trusted = $2, token = $3, since_ms = $4,
                    checked_ms = $5, check_error = $6, check_detail = $7, check_found = $8,
                    succeeded_ms = $9, next_check_ms = $10
                WHERE account = $11 AND name = $12 AND status = $13 AND is_trusted = $14
                    AND COALESCE(token, '') = $15 AND COALESCE(checked_ms, -1) = $16
                """,
                Self.values(of: new) + [
                    .text(old.account.text), .text(old.name), .text(old.status.rawValue),
                    .flag(old.isTrusted), .text(old.token ?? ""),
                    .integer(old.lastCheck?.at.milliseconds ?? -1),
                ]) > 0
        }
    }

    package func removeIdentity(
        _ name: String, of account: AccountID
    ) async throws(StorageFailure) -> Bool {
        try await write { connection throws(StorageFailure) in
            let identity: [SQLValue] = [.text(account.text), .text(name)]
            try Self.removeSending(identity, connection)
            return try connection.execute(
                "DELETE FROM identity WHERE account = $1 AND name = $2", identity) > 0
        }
    }

    // MARK: Records to values

    private static func key(of identity: IdentityRecord) -> [SQLValue] {
        [
            .text(identity.account.text), .text(identity.name), .text(identity.kind.rawValue),
            .integer(identity.createdAt.milliseconds),
        ]
    }

    private static func values(of identity: IdentityRecord) -> [SQLValue] {
        let check = identity.lastCheck
        return [
            .text(identity.status.rawValue), .flag(identity.isTrusted), .text(identity.token),
            .integer(identity.statusSince.milliseconds), .integer(check?.at.milliseconds),
            .text(check?.error?.rawValue), .text(check?.detail),
            // In zone-file form no line feed stands for itself.
            .text(check?.found.joined(separator: "\n")),
            .integer(identity.lastSuccessAt?.milliseconds),
            .integer(identity.nextCheckAt?.milliseconds),
        ]
    }

    private static func identity(
        _ row: any SQLRow, of account: AccountID
    ) throws(StorageFailure) -> IdentityRecord {
        guard let name = row.text(1),
            let kind = row.text(2).flatMap(IdentityRecord.Kind.init(rawValue:)),
            let created = row.integer(3),
            let status = row.text(4).flatMap(IdentityRecord.Status.init(rawValue:))
        else { throw .damaged("the identity \(row.text(1) ?? "?")") }
        var record = IdentityRecord(
            account: account, name: name, kind: kind, status: status,
            isTrusted: row.integer(5) == 1, createdAt: Timestamp(milliseconds: created),
            token: row.text(6))
        if let since = row.integer(7) { record.statusSince = Timestamp(milliseconds: since) }
        record.lastCheck = row.integer(8).map { checked in
            IdentityCheck(
                at: Timestamp(milliseconds: checked),
                error: row.text(9).flatMap(IdentityCheck.ErrorType.init(rawValue:)),
                detail: row.text(10) ?? "",
                found: (row.text(11) ?? "").split(separator: "\n").map(String.init))
        }
        record.lastSuccessAt = row.integer(12).map(Timestamp.init(milliseconds:))
        record.nextCheckAt = row.integer(13).map(Timestamp.init(milliseconds:))
        return record
    }
}
