import Foundation
import GRDB
import MailModel
import NIOCore
import ObjectStorage
import RuleEngine
import SQLStorage
import SQLiteDriver
import Storage
import TestSupport
import Testing

/// The store of every schema version opens, keeps what it knew, and goes on working. The fixtures
/// are dumps of real servers' databases with the body files beside them (`scripts/store-fixture`).
@Suite struct StoreUpgradeTests {
    static let versions: [Int] = {
        let names = (try? ProjectFiles.fixtures(in: "stores", ending: ".sql")) ?? []
        return names.compactMap { Int($0.prefix { $0 != "." }) }
    }()

    /// A version's fixture is made before the next migration is added: afterwards nothing writes
    /// it any more.
    @Test func everyEarlierVersionHasItsFixture() throws {
        let newest = try Spool(.sqlite).store.schemaVersion
        let missing = Set(1..<max(newest, 2)).subtracting(Self.versions)
        #expect(missing == [], "see scripts/store-fixture")
        #expect(Self.versions.allSatisfy { $0 <= newest })
    }

    @Test(arguments: versions)
    func opensAndReadsEverything(_ version: Int) async throws {
        let old = try OldStore(version)
        let mails = try await old.store.list(MailFilter())
        #expect(mails.count == 9)
        #expect(Set(mails.map(\.state)) == Set(MailRecord.State.allCases))
        #expect(Set(mails.map(\.bodyPlace)) == [.row, .file, .expired])
        var kinds: Set<String> = []
        var states: Set<ActionRecord.State> = []
        for mail in mails {
            try await old.readContent(of: mail)
            let actions = try await old.store.actions(of: mail.id)
            #expect(actions.isEmpty == mail.isUntaken)
            kinds.formUnion(actions.map(\.kind))
            states.formUnion(actions.map(\.state))
            let document = try #require(
                try await old.store.document(ofVersion: mail.ruleSetVersion))
            let rules = try #require(ReceiptRuleSet(canonicalJSON: document))
            // A version is computed, so the same rules still have the same.
            #expect(RuleEvaluator(ruleSet: rules).version == mail.ruleSetVersion)
        }
        #expect(kinds == ["store", "notify", "invoke"])
        #expect(states == [.done, .retrying, .dead])
        #expect(mails.count { $0.envelope.tls == "TLSv1.3" } == 2)
    }

    @Test(arguments: versions)
    func knowsWhatBelongsToNoMail(_ version: Int) async throws {
        let old = try OldStore(version)
        #expect(try await old.store.activeRuleSet(of: .main) == .named("main"))
        let identities = try await old.store.identities(of: .main)
        #expect(identities.map(\.name) == ["ada@other.example", "example.test"])
        #expect(identities.map(\.kind) == [.address, .domain])
        #expect(identities.allSatisfy { $0.isTrusted && $0.status == .success })
        #expect(try await old.store.messageCounts() == MessageCounts(waiting: 2, dead: 2))
        let due = try await old.store.dueDeliveries(at: old.later, limit: 9, excluding: [])
        let dead = try await old.store.deadDeliveries(limit: 9)
        #expect(due.count == 2 && dead.count == 2)
        for delivery in due + dead {
            #expect(delivery.message.message.contains("\"notificationType\":\"Received\""))
            #expect(delivery.message.topic == "told" && delivery.subscriber == "hook")
        }
    }

    @Test(arguments: versions)
    func goesOnWorking(_ version: Int) async throws {
        let old = try OldStore(version)
        let due = try await old.store.acting(
            try await old.store.due(at: old.later, limit: 9))
        #expect(due.count == 2)
        let journals = try await old.store.journals(of: due.map(\.id))
        for mail in due {
            var actions = try #require(try journals[mail.id]?.get())
            for index in actions.indices {
                (actions[index].state, actions[index].nextAttemptAt) = (.done, nil)
            }
            let progress = MailProgress(
                mail: mail.id, actions: actions, deliveries: [], newState: .retired,
                nextAttemptAt: nil)
            try await old.store.record([progress])
        }
        #expect(try await old.store.due(at: old.later, limit: 9).isEmpty)
        let mails = try await old.store.list(MailFilter())
        let dead = try #require(mails.first { $0.state == .retired && $0.envelope.tls != nil })
        _ = try await old.store.retry(dead.id, now: old.later)
        let held = try #require(mails.first { $0.state == .held })
        #expect(try await old.store.move(held.id, from: [.held], to: .acting))
        let expired = try await old.store.expireContent(receivedBefore: old.later, limit: 99)
        #expect(expired.count > 0)
        for mail in mails { _ = try await old.store.remove(mail.id) }
        #expect(try await old.store.list(MailFilter()).isEmpty)
    }
}

/// A copy of a fixture, migrated by opening it.
private final class OldStore: Sendable {
    let store: SQLStore
    /// When everything of it is due.
    let later = Timestamp(milliseconds: 1_900_000_000_000)
    private let folder: String
    private let bodies: DirectoryBodyFiles

    init(_ version: Int) throws {
        folder = try ProjectFiles.temporaryFolder()
        let digits = "\(version)"
        let name = String(repeating: "0", count: 3 - digits.count) + digits
        let fixture = ProjectFiles.fixture("stores/\(name)")
        let database = try DatabaseQueue(path: "\(folder)/martlet.sqlite")
        try database.writeWithoutTransaction { connection in
            try connection.execute(sql: try ProjectFiles.text("\(fixture).sql"))
        }
        try database.close()
        for kind in ["bodies", "damaged"] {
            try FileManager.default.copyItem(
                atPath: "\(fixture)-\(kind)", toPath: "\(folder)/\(kind)")
        }
        bodies = try DirectoryBodyFiles(folder: "\(folder)/bodies", aside: "\(folder)/damaged")
        store = try SQLStore(
            database: try SQLiteDatabase(path: "\(folder)/martlet.sqlite"), bodies: bodies,
            time: ManualTime(), onSyncFailure: { _ in })
    }

    deinit {
        store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Its bytes are where the row says, and those that were accepted.
    func readContent(of mail: MailRecord) async throws {
        switch mail.bodyPlace {
        case .expired: break
        case .row:
            let content = try await store.content(of: mail)
            #expect(content.readableBytes == mail.totalLength)
        case .file:
            let content = try bodies.read(mail.id, length: mail.totalLength + 1)
            var checksum = Checksum()
            checksum.update(content)
            #expect((checksum.value == mail.checksum) == (mail.state != .damaged))
        }
    }
}
