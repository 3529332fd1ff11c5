import Foundation
import Logging
import MailModel
import NIOCore
import ObjectStorage
import SQLStorage
import SQLiteDriver
import Storage
import TestSupport
import Testing

// `@testable`: recovery, lock and disk guard are steps of the daemon's start.
@testable import Daemon

/// What the next start does about what the last end left, on a real spool.
@Suite struct SpoolRecoveryTests {
    private let spool: Spool
    private let log = CollectedLog()
    private let metrics = ServerMetrics()

    init() throws {
        spool = try Spool()
    }

    private func recover(wasCut: Bool = false) async throws {
        try await SpoolRecovery(
            store: spool.store, bodies: spool.bodies, wasCut: wasCut, metrics: metrics,
            log: log.logger
        ).run()
    }

    private func state(_ mail: MailID) async throws -> MailRecord.State? {
        try await spool.store.mail(mail)?.state
    }

    @Test func anEmptySpoolIsFine() async throws {
        try await recover()
        #expect(log.lines.isEmpty)
    }

    /// Their row may have been in a database that was replaced by an older one.
    @Test(arguments: [false, true])
    func wholeFilesOfNoMailAreSetAside(isDatabaseNew: Bool) async throws {
        let kept = try await spool.accept("kept")
        let left = spool.id()
        try spool.write("left", to: left)
        try await SpoolRecovery(
            store: spool.store, bodies: spool.bodies, wasCut: false, metrics: metrics,
            log: log.logger, isDatabaseNew: isDatabaseNew
        ).run()
        #expect(try spool.bodies.all() == [kept])
        #expect(try spool.aside() == [left.text])
        #expect(log.lines.map(\.level) == [isDatabaseNew ? .error : .warning])
        #expect(log.lines.first?.metadata == ["files": "1"])
        #expect(metrics.text(gauges: []).contains("martlet_body_files_set_aside_total 1\n"))
    }

    /// The database that knows it is back: so is its file.
    @Test(arguments: [false, true])
    func aWholeFileThatWasSetAsideComesBack(wasCut: Bool) async throws {
        let mail = try await spool.accept("whole")
        try spool.bodies.setAside([mail])
        try await recover(wasCut: wasCut)
        #expect(try await state(mail) == .acting)
        #expect(try spool.bodies.all() == [mail])
        #expect(try spool.aside().isEmpty)
    }

    /// Also where nothing is left to do for its mail: it can still be read and sent again.
    @Test(arguments: ["whole", "whoLe"])
    func aRetiredMailsWholeFileComesBack(_ content: String) async throws {
        let mail = try await spool.accept("whole")
        #expect(try await spool.store.move(mail, from: [.acting], to: .retired))
        spool.bodies.remove([mail])
        try spool.write(content, to: mail)
        try spool.bodies.setAside([mail])
        try await recover()
        #expect(try await state(mail) == .retired)
        #expect(try spool.bodies.all() == (content == "whole" ? [mail] : []))
        #expect(try spool.aside() == (content == "whole" ? [] : [mail.text]))
        #expect(log.lines.map(\.level) == (content == "whole" ? [] : [.error]))
    }

    /// One that is damaged stays where it is.
    @Test func aDamagedFileStaysAside() async throws {
        let mail = try await spool.accept("whole")
        spool.bodies.remove([mail])
        try spool.write("whoLe", to: mail)
        try spool.bodies.setAside([mail])
        try await recover()
        #expect(try await state(mail) == .damaged)
        #expect(try spool.aside() == [mail.text])
    }

    @Test(arguments: [false, true])
    func aWholeMailStays(wasCut: Bool) async throws {
        let mail = try await spool.accept("whole")
        let before = try spool.fileNumber(of: mail)
        try await recover(wasCut: wasCut)
        #expect(try await state(mail) == .acting)
        #expect(String(buffer: try spool.bodies.read(mail, length: 100)) == "whole")
        // After a cut the file may be whole in memory alone: only a new one is sure.
        #expect((try spool.fileNumber(of: mail) != before) == wasCut)
        #expect(log.lines.isEmpty)
    }

    struct Damage: CustomTestStringConvertible, Sendable {
        let name: String
        /// What stands in the file instead; nil: there is none.
        let content: String?
        var testDescription: String { name }
    }

    static let damages = [
        Damage(name: "a byte differs", content: "whoLe"), Damage(name: "shorter", content: "whol"),
        Damage(name: "longer", content: "whole!"), Damage(name: "empty", content: ""),
        Damage(name: "gone", content: nil),
    ]

    @Test(arguments: damages, [MailRecord.State.acting, .held])
    func aDamagedMailIsSetAside(_ damage: Damage, state: MailRecord.State) async throws {
        let mail = try await spool.accept("whole")
        let other = try await spool.accept("other")
        if state == .held {
            #expect(try await spool.store.move(mail, from: [.acting], to: .held))
        }
        spool.bodies.remove([mail])
        if let content = damage.content { try spool.write(content, to: mail) }
        try await recover()
        #expect(try await self.state(mail) == .damaged)
        #expect(try await self.state(other) == .acting)
        #expect(log.lines.map(\.level) == [.error])
        #expect(log.lines.first?.metadata["mail"] == mail.text)
        // Set aside, never deleted.
        #expect(try spool.aside() == (damage.content == nil ? [] : [mail.text]))
        #expect(try spool.bodies.all() == [other])
    }

    /// A mail whose last action has ended is not looked at: its bytes may have expired.
    @Test func aRetiredMailIsLeftAlone() async throws {
        let mail = try await spool.accept("whole")
        #expect(try await spool.store.move(mail, from: [.acting], to: .retired))
        spool.bodies.remove([mail])
        try await recover()
        #expect(try await state(mail) == .retired)
        #expect(log.lines.isEmpty)
    }

    /// Mails are read by pages: the last of more than one page is checked too.
    @Test func everyPageIsChecked() async throws {
        var mails: [MailID] = []
        for _ in 0..<501 { mails.append(try await spool.accept("whole")) }
        let ends = [mails[0], mails[500]]
        spool.bodies.remove(ends)
        try await recover()
        for mail in ends { #expect(try await state(mail) == .damaged) }
        #expect(try await spool.store.counts().acting == 499)
    }

    /// What a disk does not give now is no reason to set mail aside, nor to take none.
    @Test func aFileThatCannotBeReadNowIsTriedAgain() async throws {
        let mail = try await spool.accept("whole")
        try await SpoolRecovery(
            store: spool.store, bodies: FailingDisk(files: [mail]), wasCut: false,
            metrics: metrics, log: log.logger
        ).run()
        #expect(try await state(mail) == .acting)
        #expect(log.lines.map(\.level) == [.error])
        #expect(log.lines.first?.metadata["mail"] == mail.text)
    }

    @Test func filesOfMailsToBeSentStay() async throws {
        let sent = try await spool.send("whole")
        try await recover(wasCut: true)
        #expect(try spool.bodies.all() == [sent.bodyID])
        #expect(try await spool.recipient(of: sent)?.state == .queued)
        #expect(log.lines.isEmpty)
    }

    /// A byte that differs is seen before the first is sent; here many files are only looked for.
    @Test(arguments: damages.filter { $0.content?.utf8.count != 5 })
    func aDamagedMailIsNotSent(_ damage: Damage) async throws {
        let sent = try await spool.send("whole")
        let other = try await spool.send("other")
        spool.bodies.remove([sent.bodyID])
        if let content = damage.content { try spool.write(content, to: sent.bodyID) }
        // Each start says it again, until somebody has seen to it.
        for count in 1...2 {
            try await recover()
            #expect(log.lines.map(\.level) == Array(repeating: .error, count: count))
        }
        #expect(log.lines.first?.metadata["mail"] == sent.id.text)
        let held = try #require(try await spool.recipient(of: sent))
        #expect(held.state == .held)
        #expect(held.detail?.contains(spool.bodies.path(of: sent.bodyID)) == true)
        #expect(try await spool.recipient(of: other)?.state == .queued)
        // What there is of it stays where an operator is told that it is.
        #expect(try spool.bodies.all().contains(sent.bodyID) == (damage.content != nil))
        #expect(metrics.text(gauges: []).contains("martlet_sent_mails_damaged_total 2\n"))
    }

    /// The server was cut between the commit of its end and the removal of its file.
    @Test func theFileOfAMailThatHasEndedIsRemoved() async throws {
        let sent = try await spool.send("whole")
        let other = try await spool.send("other")
        var recipient = try #require(try await spool.recipient(of: sent))
        recipient.state = .delivered
        let files = try await spool.store.record([SendingProgress(recipient: recipient)])
        #expect(files == [sent.bodyID])
        try await recover(wasCut: true)
        #expect(try spool.bodies.all() == [other.bodyID])
        #expect(try spool.aside().isEmpty)
        #expect(log.lines.map(\.level) == [.notice])
        #expect(log.lines.first?.metadata == ["files": "1"])
    }

    /// The database that knows it is back: so is its file.
    @Test func aFileOfAMailToBeSentComesBack() async throws {
        let sent = try await spool.send("whole")
        try spool.bodies.setAside([sent.bodyID])
        try await recover()
        #expect(try spool.bodies.all() == [sent.bodyID])
        #expect(try await spool.recipient(of: sent)?.state == .queued)
        #expect(log.lines.isEmpty)
    }

    @Test func aSentMailsFileThatCannotBeReadNowIsTriedAgain() async throws {
        let sent = try await spool.send("whole")
        try await SpoolRecovery(
            store: spool.store, bodies: FailingDisk(files: [sent.bodyID]), wasCut: false,
            metrics: metrics, log: log.logger
        ).run()
        #expect(try await spool.recipient(of: sent)?.state == .queued)
        #expect(log.lines.map(\.level) == [.error])
    }

    private struct FailingDisk: UnscriptedBodies {
        let files: [MailID]

        func all() throws(StorageFailure) -> [MailID] { files }
        func allAside() throws(StorageFailure) -> [MailID] { [] }
        func read(
            _ mail: MailID, from start: Int, length: Int
        ) throws(StorageFailure) -> ByteBuffer {
            throw .refused("read: Input/output error")
        }
    }
}

/// A store and its body files in a folder that goes with them.
private final class Spool: Sendable {
    let folder: String
    let bodies: DirectoryBodyFiles
    let store: SQLStore
    private let time = ManualTime()
    private let random = CountingRandom()

    init() throws {
        folder = try ProjectFiles.temporaryFolder()
        bodies = try DirectoryBodyFiles(folder: "\(folder)/bodies", aside: "\(folder)/damaged")
        store = try SQLStore(
            database: try SQLiteDatabase(path: "\(folder)/martlet.sqlite"), bodies: bodies,
            time: time, onSyncFailure: { _ in })
    }

    deinit {
        store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    func id() -> MailID {
        time.advance(seconds: 1)
        return MailID(at: time.now(), random: random)
    }

    func write(_ content: String, to mail: MailID) throws {
        let writer = try bodies.create(mail)
        try writer.write(ByteBuffer(string: content))
        try writer.finish()
    }

    func accept(_ content: String) async throws -> MailID {
        let id = id()
        try write(content, to: id)
        var checksum = Checksum()
        checksum.update(ByteBuffer(string: content))
        let recipient = try #require(Mailbox("ada@ours.example"))
        let record = MailRecord(
            id: id, account: .main, receivedAt: time.now(), state: .acting,
            envelope: ReceivedEnvelope(
                mailFrom: .null, recipients: [recipient], helo: "client.example",
                peerAddress: "192.0.2.1", tls: nil, isExtended: true, isSMTPUTF8: false,
                is8BitMIME: false),
            ruleSetVersion: "v1", isUntaken: false, bodyPlace: .file, headLength: 0,
            totalLength: content.utf8.count, checksum: checksum.value)
        try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Void, any Error>) in
            store.accept(AcceptedMail(record: record, content: nil)) {
                continuation.resume(with: $0.mapError { $0 as any Error })
            }
        }
        return id
    }

    /// A mail to send, for one recipient, whose body is in a file.
    func send(_ content: String) async throws -> SentMailRecord {
        let (bodyID, now) = (id(), time.now())
        try write(content, to: bodyID)
        var checksum = Checksum()
        checksum.update(ByteBuffer(string: content))
        let recipient = try #require(Mailbox("ada@far.example"))
        let mail = SentMailRecord(
            id: MessageID(at: now, random: random), bodyID: bodyID, account: .main,
            acceptedAt: now,
            facts: SendingFacts(
                operation: "SendRawEmail", sourceIP: nil, caller: "test", identity: "ours.example"),
            sender: .null, returnDomain: recipient.domain, head: ByteBuffer(string: "\r\n"),
            bodyPlace: .file, bodyLength: content.utf8.count, checksum: checksum.value,
            is8Bit: false, isSMTPUTF8: false)
        let sending = AcceptedSending(
            mail: mail,
            recipients: [
                SentRecipient(
                    key: SentRecipient.Key(mail: mail.id, position: 0), address: recipient,
                    destination: "far.example", dueAt: now, expiresAt: now)
            ], body: nil)
        _ = try await withCheckedThrowingContinuation { continuation in
            store.accept(sending) { continuation.resume(with: $0) }
        }
        return mail
    }

    func recipient(of mail: SentMailRecord) async throws -> SentRecipient? {
        try await store.recipients(of: mail.id).first
    }

    func fileNumber(of mail: MailID) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: bodies.path(of: mail))
        return try #require(attributes[.systemFileNumber] as? Int)
    }

    func aside() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(folder)/damaged")
    }
}
