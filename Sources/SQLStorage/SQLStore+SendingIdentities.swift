import MailModel
import NIOCore
package import Storage

extension SQLStore: SendingIdentityStore {
    package func sendingIdentities(
        of account: AccountID
    ) async throws(StorageFailure) -> [SendingIdentity] {
        try await database.read { connection throws(StorageFailure) in
            let keys = try Self.dkimKeys(
                connection.rows(
                    """
                    SELECT identity, selector, facts, private_key FROM dkim_key
                    WHERE account = $1 ORDER BY identity, selector
                    """, [.text(account.text)]))
            return try connection.rows(
                """
                SELECT name, dkim, mail_from, configuration_set FROM sending_identity
                WHERE account = $1
                """,
                [.text(account.text)]
            ).map { row throws(StorageFailure) in try Self.sending(row, keys, account) }
        }
    }

    package func replace(
        _ old: SendingIdentity?, with new: SendingIdentity
    ) async throws(StorageFailure) -> Bool {
        try await write { connection throws(StorageFailure) in
            let identity: [SQLValue] = [.text(new.account.text), .text(new.name)]
            guard
                try !connection.rows(
                    "SELECT 1 FROM identity WHERE account = $1 AND name = $2", identity
                ).isEmpty,
                try Self.sending(new.name, of: new.account, connection) == old
            else { return false }
            try Self.removeSending(identity, connection)
            try Self.insert(new, identity, connection)
            return true
        }
    }

    /// Of the identity with this account and name.
    static func removeSending(
        _ identity: [SQLValue], _ connection: any SQLConnection
    ) throws(StorageFailure) {
        try connection.execute(
            "DELETE FROM sending_identity WHERE account = $1 AND name = $2", identity)
        try connection.execute(
            "DELETE FROM dkim_key WHERE account = $1 AND identity = $2", identity)
    }

    private static func insert(
        _ new: SendingIdentity, _ identity: [SQLValue], _ connection: any SQLConnection
    ) throws(StorageFailure) {
        try connection.execute(
            """
            INSERT INTO sending_identity (account, name, dkim, mail_from, configuration_set)
            VALUES ($1, $2, $3, $4, $5)
            """,
            identity + [
                .text(new.dkim.map(json)), .text(new.mailFrom.map(json)),
                .text(new.configurationSet),
            ])
        for key in new.keys {
            try connection.execute(
                """
                INSERT INTO dkim_key (account, identity, selector, facts, private_key)
                VALUES ($1, $2, $3, $4, $5)
                """,
                identity + [
                    .text(key.selector), .text(json(key.facts)),
                    .blob(ByteBuffer(bytes: key.sealedPrivateKey)),
                ])
        }
    }

    // MARK: Rows to records

    private static func sending(
        _ name: String, of account: AccountID, _ connection: any SQLConnection
    ) throws(StorageFailure) -> SendingIdentity? {
        let identity: [SQLValue] = [.text(account.text), .text(name)]
        let rows = try connection.rows(
            """
            SELECT name, dkim, mail_from, configuration_set FROM sending_identity
            WHERE account = $1 AND name = $2
            """,
            identity)
        guard let row = rows.first else { return nil }
        let keys = try dkimKeys(
            connection.rows(
                """
                SELECT identity, selector, facts, private_key FROM dkim_key
                WHERE account = $1 AND identity = $2 ORDER BY selector
                """, identity))
        return try sending(row, keys, account)
    }

    private static func sending(
        _ row: any SQLRow, _ keys: [String: [DKIMKeyRecord]], _ account: AccountID
    ) throws(StorageFailure) -> SendingIdentity {
        guard let name = row.text(0) else { throw .damaged("what an identity sends with") }
        var identity = SendingIdentity(account: account, name: name)
        identity.keys = keys[name] ?? []
        identity.dkim = try read(row.text(1), of: name)
        identity.mailFrom = try read(row.text(2), of: name)
        identity.configurationSet = row.text(3)
        return identity
    }

    private static func read<Value: Decodable>(
        _ json: String?, of name: String
    ) throws(StorageFailure) -> Value? {
        guard let json else { return nil }
        guard let read: Value = value(json) else {
            throw .damaged("what \(name) sends with")
        }
        return read
    }

    private static func dkimKeys(
        _ rows: [any SQLRow]
    ) throws(StorageFailure) -> [String: [DKIMKeyRecord]] {
        var keys: [String: [DKIMKeyRecord]] = [:]
        for row in rows {
            guard let identity = row.text(0), let selector = row.text(1),
                let facts: DKIMKeyRecord.Facts = row.text(2).flatMap(value),
                let sealed = row.blob(3)
            else { throw .damaged("a DKIM key of \(row.text(0) ?? "?")") }
            keys[identity, default: []].append(
                DKIMKeyRecord(
                    selector: selector, facts: facts,
                    sealedPrivateKey: Array(sealed.readableBytesView)))
        }
        return keys
    }
}
