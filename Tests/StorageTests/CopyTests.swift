import Foundation
import MailModel
import NIOCore
import ObjectStorage
import SQLStorage
import SQLiteDriver
import Storage
import TestSupport
import Testing

/// A copy of a store that goes on working: one moment, and every body of it.
@Suite struct CopyTests {
    private struct Enough: Error {}

    @Test(arguments: Engine.allCases)
    func copiesOneMoment(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let first = try spool.mail()
        let large = try spool.mail(String(repeating: "x", count: 100_000)) { $0.bodyPlace = .file }
        try await spool.accept(first)
        try await spool.accept(large)
        let path = "\(spool.folder)/copy.sqlite"
        var steps: [Int] = []
        let mails = try spool.store.copy(to: path) { done, total in
            steps.append(done)
            #expect(done <= total)
        }
        #expect(mails.count == 2 && mails.withFile == [large.record.id])
        #expect(!steps.isEmpty)
        try await spool.accept(try spool.mail(seconds: 1))
        let copy = try SQLStore(
            database: try SQLiteDatabase(path: path), bodies: spool.bodies, time: spool.time,
            onSyncFailure: { _ in })
        defer { copy.close() }
        #expect(try await copy.list(MailFilter()).count == 2)
        #expect(try await copy.content(of: first.record) == first.content)
        #expect(!copy.isNew)
    }

    /// Files of sent mails that have ended are gone, or go.
    @Test(arguments: Engine.allCases)
    func namesTheFilesThatAreThere(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        var files: [MailID] = []
        for _ in 0..<2 {
            let sending = try spool.sending { ($0.mail.bodyPlace, $0.body) = (.file, nil) }
            _ = try await spool.accept(sending)
            files.append(sending.mail.bodyID)
            var recipient = sending.recipients[0]
            guard files.count == 1 else { continue }
            recipient.state = .delivered
            _ = try await spool.store.record([SendingProgress(recipient: recipient)])
        }
        let mails = try spool.store.copy(to: "\(spool.folder)/copy.sqlite") { _, _ in }
        #expect(mails.withFile == [files[1]])
    }

    /// Whoever asked may have gone.
    @Test(arguments: Engine.allCases)
    func endsWhenItIsTold(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        try await spool.accept(try spool.mail())
        #expect(throws: Enough.self) {
            try spool.store.copy(to: "\(spool.folder)/copy.sqlite") { _, _ in throw Enough() }
        }
        try await spool.accept(try spool.mail(seconds: 1))
    }

    /// A file that would go is there until the last hold ends.
    @Test func bodiesStayWhileTheyAreHeld() throws {
        let spool = try Spool(.sqlite)
        let mail = try spool.mail().record.id
        let file = try spool.bodies.create(mail)
        try file.write(ByteBuffer(string: "x"))
        try file.finish()
        spool.bodies.holdRemovals()
        spool.bodies.holdRemovals()
        spool.bodies.remove([mail])
        spool.bodies.releaseRemovals()
        #expect(try spool.bodies.all() == [mail])
        spool.bodies.releaseRemovals()
        #expect(try spool.bodies.all() == [])
    }

    @Test func aBackupFolderIsEmptyAtFirstAndGoneAfterAFailure() throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let source = "\(folder)/source"
        try Data("content".utf8).write(to: URL(fileURLWithPath: source))
        let target = try BackupFolder("\(folder)/backup")
        #expect(try target.link(source, as: "a/b/linked"))
        try target.copy(source, as: "a/copied")
        try target.sync()
        for name in ["a/b/linked", "a/copied"] {
            #expect(try ProjectFiles.text("\(target.path)/\(name)") == "content")
        }
        #expect(throws: StorageFailure.self) { try BackupFolder(target.path) }
        #expect(throws: StorageFailure.self) { try target.copy("\(folder)/nothing", as: "c") }
        target.remove()
        #expect(!FileManager.default.fileExists(atPath: target.path))
        #expect(FileManager.default.fileExists(atPath: source))
    }
}
