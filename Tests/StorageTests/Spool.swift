import Foundation
import MailModel
import NIOCore
import ObjectStorage
import SQLStorage
import SQLiteDriver
import Storage
import Synchronization
import TestSupport
import Testing

/// The engines that the storage suite runs on: each must give the same answers.
enum Engine: String, CaseIterable, CustomTestStringConvertible {
    case sqlite

    var testDescription: String { rawValue }

    func database(in folder: String) throws(StorageFailure) -> any SQLDatabase {
        switch self {
        case .sqlite: try SQLiteDatabase(path: "\(folder)/martlet.sqlite")
        }
    }
}

/// A store on an engine, in a folder of its own that goes with it.
final class Spool: Sendable {
    let folder: String
    let bodies: DirectoryBodyFiles
    let store: SQLStore
    let time = ManualTime()
    let random = CountingRandom()
    /// Mails that were set aside because of their rows, messages with their subscribers, and addresses
    /// on a suppression list.
    let unreadable = UnreadableRows()

    init(_ engine: Engine) throws {
        folder = try ProjectFiles.temporaryFolder()
        bodies = try DirectoryBodyFiles(folder: "\(folder)/bodies", aside: "\(folder)/damaged")
        let list = unreadable
        store = try SQLStore(
            database: try engine.database(in: folder), bodies: bodies, time: time,
            onUnreadableRow: { list.add($0) }, onUnreadableMessage: { list.add("\($0) \($1)") },
            onUnreadableSuppression: { list.add($0) },
            onSyncFailure: { _ in })
    }

    deinit {
        store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// A mail that is not stored yet; `seconds` after the clock.
    func mail(
        _ content: String = "Subject: x\r\n\r\nbody\r\n", seconds: Int64 = 0,
        change: (inout MailRecord) -> Void = { _ in }
    ) throws -> AcceptedMail {
        let received = time.now().advanced(bySeconds: seconds)
        let bytes = ByteBuffer(string: content)
        var checksum = Checksum()
        checksum.update(bytes)
        guard let recipient = Mailbox("ada@ours.example") else { throw Unexpected() }
        var record = MailRecord(
            id: MailID(at: received, random: random), account: .main, receivedAt: received,
            state: .acting,
            envelope: ReceivedEnvelope(
                mailFrom: .null, recipients: [recipient], helo: "client.example",
                peerAddress: "192.0.2.1", tls: nil, isExtended: true, isSMTPUTF8: false,
                is8BitMIME: false),
            ruleSetVersion: "v1", isUntaken: false, bodyPlace: .row, headLength: 0,
            totalLength: bytes.readableBytes, checksum: checksum.value)
        change(&record)
        return AcceptedMail(record: record, content: record.bodyPlace == .row ? bytes : nil)
    }

    func accept(_ mail: AcceptedMail) async throws {
        try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Void, any Error>) in
            store.accept(mail) { continuation.resume(with: $0.mapError { $0 as any Error }) }
        }
    }

    struct Unexpected: Error {}
}

final class UnreadableRows: Sendable {
    private let list = Mutex<[String]>([])
    var ids: [String] { list.withLock { $0 } }
    func add(_ id: String) { list.withLock { $0.append(id) } }
}
