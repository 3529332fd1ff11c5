import Foundation
import MailModel
import SQLStorage
import SQLiteDriver
import Storage
import Synchronization
import TestSupport
import Testing

/// Identities, rule sets and the outbox, on every engine.
@Suite struct OtherStoreTests {
    @Test(arguments: Engine.allCases)
    func keepsIdentities(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let identity = IdentityRecord(
            account: .main, name: "ours.example", kind: .domain, status: .pending,
            isTrusted: false, createdAt: spool.time.now())
        try await spool.store.put(identity)
        var trusted = identity
        trusted.status = .success
        trusted.isTrusted = true
        try await spool.store.put(trusted)
        #expect(try await spool.store.identities(of: .main) == [trusted])
        #expect(try await spool.store.identities(of: AccountID("other")).isEmpty)
        #expect(try await spool.store.removeIdentity("ours.example", of: .main))
        #expect(try await spool.store.removeIdentity("ours.example", of: .main) == false)
    }

    /// A full record: every column differs from its default.
    private func checked(_ spool: Spool) -> IdentityRecord {
        let now = spool.time.now()
        var record = IdentityRecord(
            account: .main, name: "ours.example", kind: .domain, status: .temporaryFailure,
            isTrusted: false, createdAt: now, token: "token")
        record.statusSince = now.advanced(bySeconds: 1)
        record.lastCheck = IdentityCheck(
            at: now.advanced(bySeconds: 2), error: .invalidValue, detail: "why",
            found: ["\"a\\010b\" \"c\"", "\"d\""])
        record.lastSuccessAt = now.advanced(bySeconds: 3)
        record.nextCheckAt = now.advanced(bySeconds: 4)
        return record
    }

    @Test(arguments: Engine.allCases)
    func insertsAnIdentityOnce(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let record = checked(spool)
        #expect(try await spool.store.insert(record))
        #expect(try await spool.store.identities(of: .main) == [record])
        var other = record
        other.token = "other"
        #expect(try await spool.store.insert(other) == false)
        #expect(try await spool.store.identities(of: .main) == [record])
    }

    @Test(arguments: Engine.allCases)
    func anOperatorsWordKeepsTheRest(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        var record = checked(spool)
        _ = try await spool.store.insert(record)
        let trusted = IdentityRecord(
            account: .main, name: "ours.example", kind: .domain, status: .success,
            isTrusted: true, createdAt: spool.time.now().advanced(bySeconds: 9))
        try await spool.store.put(trusted)
        record.status = .success
        record.isTrusted = true
        record.statusSince = trusted.createdAt
        record.nextCheckAt = nil
        #expect(try await spool.store.identities(of: .main) == [record])
    }

    static let changes: [@Sendable (inout IdentityRecord) -> Void] = [
        { $0.status = .pending }, { $0.isTrusted = true }, { $0.token = nil },
        { $0.token = "other" }, { $0.lastCheck = nil },
        { $0.lastCheck?.at = Timestamp(milliseconds: 1) }, { $0.name = "theirs.example" },
        { $0.account = AccountID("other") },
    ]

    @Test(arguments: Engine.allCases)
    func replacesAnIdentityThatIsStillTheSame(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let record = checked(spool)
        _ = try await spool.store.insert(record)
        var next = record
        next.status = .success
        next.lastCheck = nil
        for change in Self.changes {
            var stale = record
            change(&stale)
            #expect(try await spool.store.replace(stale, with: next) == false)
        }
        #expect(try await spool.store.identities(of: .main) == [record])
        #expect(try await spool.store.replace(record, with: next))
        #expect(try await spool.store.identities(of: .main) == [next])
        #expect(try await spool.store.replace(next, with: record))
        #expect(try await spool.store.identities(of: .main) == [record])
    }

    @Test(arguments: Engine.allCases)
    func keepsRuleSets(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let now = spool.time.now()
        for document in ["{}", "other"] {
            try await spool.store.keep(
                version: "v1", name: "a", document: document, source: nil, because: .start, at: now)
        }
        #expect(try await spool.store.document(ofVersion: "v1") == "{}")
        #expect(try await spool.store.document(ofVersion: "v2") == nil)
        #expect(try await spool.store.activeRuleSet(of: .main) == nil)
        for active in [ActiveRuleSet.named("a"), .named("b"), .noSet] {
            try await spool.store.setActiveRuleSet(active, of: .main)
            #expect(try await spool.store.activeRuleSet(of: .main) == active)
        }
    }

    @Test(arguments: Engine.allCases)
    func keepsWhenAVersionCameIntoForceAndWhy(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let start = spool.time.now()
        func keep(
            _ version: String, _ cause: RuleSetCause, _ seconds: Int64, _ text: String? = nil
        ) async throws {
            try await spool.store.keep(
                version: version, name: "a", document: "{}",
                source: text.map { RuleSetSource(file: "a.yaml", text: $0, lists: ["l": "x"]) },
                because: cause, at: start.advanced(bySeconds: seconds))
        }
        try await keep("v1", .start, 0, "one")
        // The same rules with another comment, and no other beginning.
        try await keep("v1", .files, 5, "one #")
        #expect(try await spool.store.source(ofVersion: "v1")?.text == "one #")
        #expect(try await spool.store.versions(of: "a").map(\.inForceAt) == [start])
        try await keep("v2", .files, 10, "two")
        try await keep("v1", .rollback, 20)
        // A clock that was set back makes nothing former.
        try await keep("v3", .activation, -100)
        let versions = try await spool.store.versions(of: "a")
        #expect(versions.map(\.version) == ["v3", "v1", "v2"])
        #expect(versions.map(\.cause) == [.activation, .rollback, .files])
        #expect(versions[1].firstInForceAt == start)
        #expect(versions[1].inForceAt == start.advanced(bySeconds: 20))
        #expect(try await spool.store.source(ofVersion: "v1")?.text == "one #")
        #expect(try await spool.store.source(ofVersion: "v3") == nil)
        #expect(try await spool.store.versions(of: "b").isEmpty)
        #expect(try await spool.store.versions(of: nil).count == 3)
    }

    /// Versions beyond a number go once nothing needs them, and only when their time is long over.
    @Test(arguments: Engine.allCases)
    func forgetsOldVersionsThatNothingHas(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let start = spool.time.now()
        var mail = try spool.mail()
        mail.record.ruleSetVersion = "v1"
        try await spool.accept(mail)
        for number in 0..<5 {
            try await spool.store.keep(
                version: "v\(number)", name: "a", document: "{}", source: nil, because: .files,
                at: start.advanced(bySeconds: Int64(number)))
        }
        #expect(try await spool.store.mailCountsByVersion() == ["v1": 1])
        func drop(_ count: Int, _ seconds: Int64) async throws -> [String] {
            _ = try await spool.store.dropVersions(
                keeping: count, at: start.advanced(bySeconds: seconds))
            return try await spool.store.versions(of: nil).map(\.version)
        }
        #expect(try await drop(2, 86_400).count == 5)
        #expect(try await drop(5, 200_000).count == 5)
        #expect(try await drop(2, 200_000) == ["v4", "v3", "v1"])
        #expect(try await spool.store.document(ofVersion: "v0") == nil)
    }

    /// Messages of a clock that was ahead (D5).
    @Test(arguments: Engine.allCases)
    func pullsForwardMessagesThatAreDueTooLate(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let now = spool.time.now()
        let limit = now.advanced(bySeconds: 900)
        let tomorrow = now.advanced(bySeconds: 86_400)
        func delivery(_ subscriber: String, _ next: Timestamp) -> TopicDelivery {
            TopicDelivery(
                message: TopicMessage(
                    id: subscriber, topic: "t", subject: nil, message: "{}", createdAt: tomorrow),
                subscriber: subscriber, state: .waiting, attempts: 1, nextAttemptAt: next,
                lastError: nil)
        }
        try await spool.store.publish([delivery("late", tomorrow), delivery("soon", limit)])
        #expect(try await spool.store.pullForward(dueAfter: limit, to: now) == 1)
        let due = try await spool.store.dueDeliveries(at: now, limit: 9, excluding: [])
        #expect(due.map(\.subscriber) == ["late"])
        #expect(due.first?.firstAttemptAt == now && due.first?.nextAttemptAt == now)
        #expect(try await spool.store.pullForward(dueAfter: limit, to: now) == 0)
    }

    @Test(arguments: Engine.allCases)
    func bringsMessagesToTheirEnd(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let now = spool.time.now()
        let message = TopicMessage(
            id: "m1", topic: "t", subject: nil, message: "{}", createdAt: now)
        func delivery(_ subscriber: String) -> TopicDelivery {
            TopicDelivery(
                message: message, subscriber: subscriber, state: .waiting, attempts: 0,
                nextAttemptAt: now, lastError: nil)
        }
        let (first, second) = (delivery("a"), delivery("b"))
        try await spool.store.publish([first, second])
        try await spool.store.publish([first])
        #expect(try await spool.store.messageCounts() == MessageCounts(waiting: 2, dead: 0))
        #expect(try await spool.store.dueDeliveries(at: now, limit: 9, excluding: []).count == 2)
        var dead = second
        dead.state = .dead
        dead.attempts = 3
        dead.lastError = "refused"
        try await spool.store.settle(delivered: [first], updated: [dead])
        #expect(try await spool.store.dueDeliveries(at: now, limit: 9, excluding: []).isEmpty)
        #expect(try await spool.store.deadDeliveries(limit: 9) == [dead])
        #expect(try await spool.store.messageCounts() == MessageCounts(waiting: 0, dead: 1))
        let later = now.advanced(bySeconds: 50)
        #expect(try await spool.store.resend(message: "m1", now: later) == 1)
        #expect(try await spool.store.resend(message: "m1", now: later) == 0)
        var again = dead
        again.state = .waiting
        again.attempts = 0
        again.firstAttemptAt = later
        again.nextAttemptAt = later
        #expect(try await spool.store.dueDeliveries(at: later, limit: 9, excluding: []) == [again])
        try await spool.store.settle(delivered: [again], updated: [])
        #expect(try await spool.store.messageCounts() == MessageCounts(waiting: 0, dead: 0))
    }

    /// Those of one time go in the order in which they were made, whatever their ids are.
    @Test(arguments: Engine.allCases)
    func givesMessagesInTheirOrder(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let now = spool.time.now()
        func delivery(_ id: String, made: Int64, due: Int64) -> TopicDelivery {
            TopicDelivery(
                message: TopicMessage(
                    id: id, topic: "t", subject: nil, message: "{}",
                    createdAt: now.advanced(bySeconds: made)),
                subscriber: "a", state: .waiting, attempts: 0,
                nextAttemptAt: now.advanced(bySeconds: due), lastError: nil)
        }
        try await spool.store.publish([
            delivery("9", made: 2, due: 5), delivery("8", made: 1, due: 5),
            delivery("7", made: 1, due: 5), delivery("6", made: 3, due: 4),
            delivery("5", made: 0, due: 5), delivery("4", made: 2, due: 5),
        ])
        let due = try await spool.store.dueDeliveries(
            at: now.advanced(bySeconds: 5), limit: 9, excluding: [])
        #expect(due.map(\.message.id) == ["6", "5", "8", "7", "9", "4"])
        #expect(
            try await spool.store.dueDeliveries(
                at: now.advanced(bySeconds: 5), limit: 2, excluding: []) == Array(due.prefix(2)))
    }

    /// A subscriber who is being served is passed over, by topic and name.
    @Test(arguments: Engine.allCases)
    func passesOverBusySubscribers(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let now = spool.time.now()
        for topic in ["t", "u"] {
            let message = TopicMessage(
                id: topic, topic: topic, subject: nil, message: "{}", createdAt: now)
            try await spool.store.publish(
                ["a", "b"].map { subscriber in
                    TopicDelivery(
                        message: message, subscriber: subscriber, state: .waiting, attempts: 0,
                        nextAttemptAt: now, lastError: nil)
                })
        }
        let due = try await spool.store.dueDeliveries(
            at: now, limit: 9,
            excluding: [
                SubscriberKey(topic: "t", subscriber: "a"),
                SubscriberKey(topic: "u", subscriber: "b"),
            ])
        #expect(Set(due.map { $0.message.topic + $0.subscriber }) == ["tb", "ua"])
    }

    @Test(arguments: Engine.allCases)
    func dropsDeadMessages(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let now = spool.time.now()
        for (id, state) in [("m1", TopicDelivery.State.dead), ("m2", .waiting)] {
            try await spool.store.publish([
                TopicDelivery(
                    message: TopicMessage(
                        id: id, topic: "t", subject: nil, message: "{}", createdAt: now),
                    subscriber: "a", state: state, attempts: 1, nextAttemptAt: now, lastError: nil)
            ])
        }
        #expect(try await spool.store.expireDead(before: now, limit: 9) == 0)
        let later = now.advanced(bySeconds: 1)
        #expect(try await spool.store.expireDead(before: later, limit: 9) == 1)
        #expect(
            try await spool.store.messageCounts() == MessageCounts(waiting: 1, dead: 0))
    }

    /// The outbox row stands exactly where the journal's does.
    @Test(arguments: Engine.allCases)
    func writesMessagesWithTheJournal(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let mail = try spool.mail()
        try await spool.accept(mail)
        let delivery = TopicDelivery(
            message: TopicMessage(
                id: "m1", topic: "t", subject: "s", message: "{}", createdAt: spool.time.now()),
            subscriber: "a", state: .waiting, attempts: 0, nextAttemptAt: spool.time.now(),
            lastError: nil)
        try await spool.store.record([
            MailProgress(
                mail: mail.record.id, actions: [], deliveries: [delivery], newState: .retired,
                nextAttemptAt: nil)
        ])
        #expect(
            try await spool.store.dueDeliveries(at: spool.time.now(), limit: 9, excluding: []) == [
                delivery
            ])
    }
}

@Suite struct SQLiteTests {
    /// The live writer says itself that it syncs every commit.
    @Test func syncsEveryCommit() async throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let database = try SQLiteDatabase(path: "\(folder)/x.sqlite")
        let level = Mutex<Int64?>(nil)
        try database.write { connection throws(StorageFailure) in
            let answer = try connection.rows("PRAGMA synchronous", []).first?.integer(0)
            level.withLock { $0 = answer }
        }
        #expect(level.withLock { $0 } == 2)
    }

    @Test func undoesWhatThrows() async throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let database = try SQLiteDatabase(path: "\(folder)/x.sqlite")
        try database.write { connection throws(StorageFailure) in
            try connection.execute("CREATE TABLE t (n BIGINT)", [])
        }
        #expect(throws: StorageFailure.self) {
            try database.write { connection throws(StorageFailure) in
                try connection.execute("INSERT INTO t (n) VALUES ($1)", [.integer(1)])
                throw .refused("on purpose")
            }
        }
        let count = try await database.read { connection throws(StorageFailure) in
            try connection.rows("SELECT COUNT(*) FROM t", []).first?.integer(0)
        }
        #expect(count == 0)
    }

    @Test func refusesADatabaseOfALaterVersion() throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let database = try SQLiteDatabase(path: "\(folder)/x.sqlite")
        try database.write { connection throws(StorageFailure) in
            try connection.execute(
                "CREATE TABLE schema_version (version INTEGER PRIMARY KEY NOT NULL)", [])
            try connection.execute("INSERT INTO schema_version (version) VALUES (99)", [])
        }
        #expect(throws: StorageFailure.self) {
            _ = try SQLStore(
                database: database, bodies: NoBodies(), time: ManualTime(),
                onSyncFailure: { _ in })
        }
    }

    @Test func saysWhichFileIsNoDatabase() throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data(repeating: 0x41, count: 8192).write(
            to: URL(fileURLWithPath: "\(folder)/x.sqlite"))
        #expect(throws: StorageFailure.self) { try SQLiteDatabase(path: "\(folder)/x.sqlite") }
    }
}
