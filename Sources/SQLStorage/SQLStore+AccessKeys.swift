package import MailModel
import NIOCore
package import Storage

extension SQLStore: AccessKeyStore {
    private static let accessKeyColumns =
        "id, account, name, state, secret, created_ms, used_ms"

    package func accessKeys() async throws(StorageFailure) -> [AccessKeyRecord] {
        try await database.read { connection throws(StorageFailure) in
            try connection.rows("SELECT \(Self.accessKeyColumns) FROM access_key ORDER BY id", [])
                .map { row throws(StorageFailure) in try Self.accessKey(row) }
        }
    }

    package func insert(_ key: AccessKeyRecord) async throws(StorageFailure) -> Bool {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                """
                INSERT INTO access_key (\(Self.accessKeyColumns))
                VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING
                """,
                [
                    .text(key.id), .text(key.account.text), .text(key.name),
                    .text(key.state.rawValue), .blob(ByteBuffer(bytes: key.sealedSecret)),
                    .integer(key.createdAt.milliseconds), .integer(key.usedAt?.milliseconds),
                ]) > 0
        }
    }

    package func setState(
        _ state: AccessKeyRecord.State, ofAccessKey id: String
    ) async throws(StorageFailure) -> Bool {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                "UPDATE access_key SET state = $1 WHERE id = $2",
                [.text(state.rawValue), .text(id)]) > 0
        }
    }

    package func recordUses(_ uses: [String: Timestamp]) async throws(StorageFailure) {
        try await write(isUrgent: false) { connection throws(StorageFailure) in
            for (id, time) in uses {
                try connection.execute(
                    "UPDATE access_key SET used_ms = $1 WHERE id = $2",
                    [.integer(time.milliseconds), .text(id)])
            }
        }
    }

    package func removeAccessKey(_ id: String) async throws(StorageFailure) -> Bool {
        try await write { connection throws(StorageFailure) in
            try connection.execute("DELETE FROM access_key WHERE id = $1", [.text(id)]) > 0
        }
    }

    private static func accessKey(
        _ row: any SQLRow
    ) throws(StorageFailure) -> AccessKeyRecord {
        guard let id = row.text(0), let account = row.text(1), let name = row.text(2),
            let state = row.text(3).flatMap(AccessKeyRecord.State.init(rawValue:)),
            let secret = row.blob(4), let created = row.integer(5)
        else { throw .damaged("the access key \(row.text(0) ?? "?")") }
        return AccessKeyRecord(
            id: id, account: AccountID(account), name: name, state: state,
            sealedSecret: Array(secret.readableBytesView),
            createdAt: Timestamp(milliseconds: created),
            usedAt: row.integer(6).map(Timestamp.init(milliseconds:)))
    }
}
