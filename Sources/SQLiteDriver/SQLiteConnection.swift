import Foundation
import GRDB
import NIOCore
import SQLStorage
import Storage

/// One GRDB connection, inside a transaction.
struct SQLiteConnection: SQLConnection {
    private let database: Database

    init(_ database: Database) {
        self.database = database
    }

    @discardableResult
    func execute(_ sql: String, _ values: [SQLValue]) throws(StorageFailure) -> Int {
        do {
            let statement = try database.cachedStatement(sql: sql)
            try statement.execute(arguments: Self.arguments(values))
            return database.changesCount
        } catch {
            throw SQLiteDatabase.failure(error)
        }
    }

    func rows(_ sql: String, _ values: [SQLValue]) throws(StorageFailure) -> [any SQLRow] {
        do {
            let statement = try database.cachedStatement(sql: sql)
            return try Row.fetchAll(statement, arguments: Self.arguments(values))
                .map(SQLiteRow.init)
        } catch {
            throw SQLiteDatabase.failure(error)
        }
    }

    /// `$n` bound by its number: SQLite would count parameters by first appearance.
    private static func arguments(_ values: [SQLValue]) -> StatementArguments {
        var named: [String: DatabaseValue] = [:]
        named.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            named["\(index + 1)"] = databaseValue(value)
        }
        return StatementArguments(named)
    }

    private static func databaseValue(_ value: SQLValue) -> DatabaseValue {
        switch value {
        case .text(let text): text?.databaseValue ?? .null
        case .integer(let integer): integer?.databaseValue ?? .null
        case .blob(let bytes):
            Data(bytes.readableBytesView).databaseValue
        }
    }
}

/// One row that GRDB read.
struct SQLiteRow: SQLRow {
    private let row: Row

    init(_ row: Row) {
        self.row = row
    }

    func text(_ column: Int) -> String? { row[column] }
    func integer(_ column: Int) -> Int64? { row[column] }
    func blob(_ column: Int) -> ByteBuffer? {
        let data: Data? = row[column]
        return data.map { ByteBuffer(bytes: $0) }
    }
}
