import NIOCore
package import Storage

extension SQLStore: PublishedRecordStore {
    package func publishedRecords() async throws(StorageFailure) -> Set<PublishedRecord> {
        try await database.read { connection throws(StorageFailure) in
            let rows = try connection.rows("SELECT name, type, data FROM zone_record", [])
            return Set(
                try rows.map { row throws(StorageFailure) in
                    guard let name = row.text(0), let type = row.integer(1), let data = row.blob(2)
                    else { throw .damaged("a record of the service domain") }
                    return PublishedRecord(
                        name: name, type: Int(type), data: Array(data.readableBytesView))
                })
        }
    }

    package func insert(published records: Set<PublishedRecord>) async throws(StorageFailure) {
        try await forEach(
            records,
            """
            INSERT INTO zone_record (name, type, data) VALUES ($1, $2, $3)
            ON CONFLICT (name, type, data) DO NOTHING
            """)
    }

    package func remove(published records: Set<PublishedRecord>) async throws(StorageFailure) {
        try await forEach(
            records, "DELETE FROM zone_record WHERE name = $1 AND type = $2 AND data = $3")
    }

    private func forEach(
        _ records: Set<PublishedRecord>, _ statement: String
    ) async throws(StorageFailure) {
        guard !records.isEmpty else { return }
        try await write { connection throws(StorageFailure) in
            for record in records {
                try connection.execute(
                    statement,
                    [
                        .text(record.name), .integer(Int64(record.type)),
                        .blob(ByteBuffer(bytes: record.data)),
                    ])
            }
        }
    }
}
