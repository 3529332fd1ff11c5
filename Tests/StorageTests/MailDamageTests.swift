import Foundation
import MailModel
import NIOCore
import SQLStorage
import Storage
import TestSupport
import Testing

/// What every engine must do where something is broken.
@Suite struct MailDamageTests {
    @Test(arguments: Engine.allCases)
    func seesDamagedBytes(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let mail = try spool.mail { $0.checksum ^= 1 }
        try await spool.accept(mail)
        await #expect(throws: StorageFailure.self) {
            try await spool.store.content(of: mail.record)
        }
        #expect(try await spool.store.unverifiedContent(of: mail.record) == mail.content)
        try await spool.accept(try spool.mail { $0.bodyPlace = .file })
        await #expect(throws: StorageFailure.self) {
            try await spool.store.unverifiedContent(of: try spool.mail().record)
        }
    }

    struct RowDamage: CustomTestStringConvertible, Sendable {
        let column: String
        let value: SQLValue
        var testDescription: String { "\(column) \(value)" }
    }

    /// What a flipped bit makes of a row, and what only a hand would.
    static let rowDamages = [
        RowDamage(column: "state", value: .text("actinh")),
        RowDamage(column: "mail_from", value: .text("ada@")),
        RowDamage(column: "recipients", value: .text("ada@ours.example\n\u{1}")),
        RowDamage(column: "recipients", value: .text("")),
        RowDamage(column: "recipients", value: .blob(ByteBuffer(bytes: [0xFF, 0xFE]))),
        RowDamage(column: "body_place", value: .text("roe")),
        RowDamage(column: "received_ms", value: .text("x")),
        RowDamage(column: "received_ms", value: .integer(.max)),
        RowDamage(column: "head_length", value: .integer(-1)),
        RowDamage(column: "head_length", value: .integer(1_000_000)),
        RowDamage(column: "total_length", value: .integer(.max)),
        RowDamage(column: "checksum", value: .integer(-1)),
        RowDamage(column: "checksum", value: .blob(ByteBuffer(bytes: [1]))),
    ]

    /// D4: a row that cannot be read holds up no other mail, and is counted.
    @Test(arguments: Engine.allCases, rowDamages)
    func setsAnUnreadableRowAside(_ engine: Engine, _ damage: RowDamage) async throws {
        let spool = try Spool(engine)
        let damaged = try spool.mail()
        let whole = try spool.mail()
        for mail in [damaged, whole] { try await spool.accept(mail) }
        let other = try engine.database(in: spool.folder)
        try other.write { connection throws(StorageFailure) in
            try connection.execute(
                "UPDATE mail SET \(damage.column) = $1 WHERE id = $2",
                [damage.value, .text(damaged.record.id.text)])
        }
        let later = spool.time.now().advanced(bySeconds: 9)
        let due = try await spool.store.due(at: later, limit: 9)
        #expect(due.contains(whole.record.id))
        #expect(try await spool.store.acting(due).map(\.id) == [whole.record.id])
        #expect(try await spool.store.due(at: later, limit: 9) == [whole.record.id])
        for _ in 0..<2 {
            // A state that was none is one once it is set aside: then the row can be read.
            let listed = try await spool.store.list(MailFilter()).filter { $0.state != .damaged }
            #expect(listed.map(\.id) == [whole.record.id])
        }
        let counts = try await spool.store.counts()
        #expect(counts.damaged == 1 && counts.acting == 1)
        #expect(spool.unreadable.ids == [damaged.record.id.text])
        if damage.column != "state" {
            await #expect(throws: StorageFailure.self) {
                try await spool.store.mail(damaged.record.id)
            }
        }
        #expect(try await spool.store.remove(damaged.record.id))
    }

    /// A database that was unlinked or replaced is no place to promise anything.
    @Test(arguments: ["", "-wal", "-shm"], [false, true])
    func endsWhereAFileIsGone(_ suffix: String, isReplaced: Bool) async throws {
        let spool = try Spool(.sqlite)
        try await spool.accept(try spool.mail())
        let path = "\(spool.folder)/martlet.sqlite\(suffix)"
        try FileManager.default.moveItem(atPath: path, toPath: path + ".moved")
        if isReplaced { try FileManager.default.copyItem(atPath: path + ".moved", toPath: path) }
        await #expect(throws: StorageFailure.self) { try await spool.accept(try spool.mail()) }
        #expect(throws: StorageFailure.self) { try spool.store.checkPlace() }
    }
}
