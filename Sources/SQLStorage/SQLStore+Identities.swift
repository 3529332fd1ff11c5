import MailModel
package import Storage

extension SQLStore: IdentityStore {
    package func identities(
        of account: AccountID
    ) async throws(StorageFailure) -> [IdentityRecord] {
        try await database.read { connection throws(StorageFailure) in
            try connection.rows(
                """
                SELECT name, kind, status, is_trusted, created_ms FROM identity
                WHERE account = $1 ORDER BY name
                """, [.text(account.text)]
            ).map { row throws(StorageFailure) in
                guard let name = row.text(0),
                    let kind = row.text(1).flatMap(IdentityRecord.Kind.init(rawValue:)),
                    let status = row.text(2).flatMap(IdentityRecord.Status.init(rawValue:)),
                    let created = row.integer(4)
                else { throw .damaged("the identity \(row.text(0) ?? "?")") }
                return IdentityRecord(
                    account: account, name: name, kind: kind, status: status,
                    isTrusted: row.integer(3) == 1, createdAt: Timestamp(milliseconds: created))
            }
        }
    }

    package func put(_ identity: IdentityRecord) async throws(StorageFailure) {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                """
                INSERT INTO identity (account, name, kind, status, is_trusted, created_ms)
                VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (account, name) DO UPDATE SET
                    status = excluded.status, is_trusted = excluded.is_trusted
                """,
                [
                    .text(identity.account.text), .text(identity.name),
                    .text(identity.kind.rawValue), .text(identity.status.rawValue),
                    .flag(identity.isTrusted), .integer(identity.createdAt.milliseconds),
                ])
        }
    }

    package func removeIdentity(
        _ name: String, of account: AccountID
    ) async throws(StorageFailure) -> Bool {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                "DELETE FROM identity WHERE account = $1 AND name = $2",
                [.text(account.text), .text(name)]) > 0
        }
    }
}
