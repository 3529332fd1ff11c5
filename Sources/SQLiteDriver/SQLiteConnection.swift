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
            try statement.execute(arguments: Self.arguments(sql, values))
            return database.changesCount
        } catch {
            throw SQLiteDatabase.failure(error, on: database)
        }
    }

    func rows(_ sql: String, _ values: [SQLValue]) throws(StorageFailure) -> [any SQLRow] {
        do {
            let statement = try database.cachedStatement(sql: sql)
            return try Row.fetchAll(statement, arguments: Self.arguments(sql, values))
                .map(SQLiteRow.init)
        } catch {
            throw SQLiteDatabase.failure(error, on: database)
        }
    }

    /// `$n` bound by its number. SQLite numbers parameters by first appearance, so they appear in
    /// order in every statement; building a dictionary of names for each row would cost more than
    /// the row.
    private static func arguments(_ sql: String, _ values: [SQLValue]) -> StatementArguments {
        assert(areParametersInOrder(sql, count: values.count), "parameters of: \(sql)")
        // GRDB maps values of one type by a key path, which it makes anew for each statement.
        let mixed: [(any DatabaseValueConvertible)?] = values.map { databaseValue($0) }
        return StatementArguments(mixed)
    }

    private static func areParametersInOrder(_ sql: String, count: Int) -> Bool {
        var seen = 0
        for part in sql.split(separator: "$", omittingEmptySubsequences: false).dropFirst() {
            guard let number = Int(part.prefix { $0.isNumber }), number <= seen + 1 else {
                return false
            }
            seen = max(seen, number)
        }
        return seen == count
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

    // A value of another type than it was written with (a damaged page) is none: GRDB's own
    // conversion would end the process.
    func text(_ column: Int) -> String? { String.fromDatabaseValue(row[column]) }
    func integer(_ column: Int) -> Int64? { Int64.fromDatabaseValue(row[column]) }
    func blob(_ column: Int) -> ByteBuffer? {
        Data.fromDatabaseValue(row[column]).map { ByteBuffer(bytes: $0) }
    }
}
