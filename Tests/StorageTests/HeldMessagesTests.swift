import MailModel
import NIOCore
import SQLStorage
import Storage
import TestSupport
import Testing

/// Messages that wait for an endpoint's word, and what it said: in steps that mail's commits go
/// between, and never over what somebody else has written meanwhile.
@Suite struct HeldMessagesTests {
    private static let key = SubscriberKey(topic: "t", subscriber: "a")

    private static func record(
        _ state: SubscriptionRecord.State, _ spool: Spool, key: SubscriberKey = key
    ) -> SubscriptionRecord {
        SubscriptionRecord(
            key: key, url: "http://a.example/", id: "id", state: state, token: "token",
            tokenExpiresAt: spool.time.now(), changedAt: spool.time.now())
    }

    private static func delivery(
        _ id: String, _ spool: Spool, of key: SubscriberKey = key,
        change: (inout TopicDelivery) -> Void = { _ in }
    ) -> TopicDelivery {
        var delivery = TopicDelivery(
            message: TopicMessage(
                id: id, topic: key.topic, subject: nil, message: "{}",
                createdAt: spool.time.now()),
            subscriber: key.subscriber, state: .waiting, attempts: 0,
            nextAttemptAt: spool.time.now(), lastError: nil)
        change(&delivery)
        return delivery
    }

    /// Seven messages that one of them tried before were held for `key`, and one for each of two
    /// that share a word with it.
    private static func held(_ engine: Engine) async throws -> Spool {
        let spool = try Spool(engine)
        let others = [("t", "b"), ("u", "a")].map { SubscriberKey(topic: $0, subscriber: $1) }
        for key in others + [key] {
            let pending = record(.pending, spool, key: key)
            #expect(try await spool.store.replace(nil, with: pending, publishing: nil))
        }
        for other in others {
            let id = other.topic + other.subscriber
            try await spool.store.publish([delivery(id, spool, of: other)])
            try await spool.store.hold(other, messages: [id], seconds: 100)
        }
        for number in 1...7 {
            let delivery = delivery("m\(number)", spool) { delivery in
                delivery.attempts = 40
                delivery.lastError = "the former endpoint's"
                delivery.firstAttemptAt = delivery.firstAttemptAt.advanced(bySeconds: Int64(number))
            }
            try await spool.store.publish([delivery])
            try await spool.store.hold(key, messages: [delivery.message.id], seconds: 100)
        }
        #expect(try await spool.store.messageCounts() == MessageCounts(waiting: 9, dead: 0))
        return spool
    }

    private static func due(_ spool: Spool) async throws -> [TopicDelivery] {
        try await spool.store.dueDeliveries(
            at: spool.time.now().advanced(bySeconds: 1_000), limit: 99, excluding: [])
    }

    @Test(arguments: Engine.allCases)
    func areReleasedByTheBatch(_ engine: Engine) async throws {
        let spool = try await Self.held(engine)
        let now = spool.time.now().advanced(bySeconds: 50)
        // Nobody has confirmed yet.
        #expect(try await spool.store.releaseHeld(Self.key, at: now, limit: 3) == 0)
        #expect(
            try await spool.store.replace(
                Self.record(.pending, spool), with: Self.record(.confirmed, spool), publishing: nil)
        )
        #expect(try await spool.store.dropHeld(Self.key, limit: 3) == 0)
        #expect(try await spool.store.releaseHeld(Self.key, at: now, limit: 3) == 3)
        let first = try await Self.due(spool)
        #expect(first.map(\.message.id) == ["m1", "m2", "m3"])
        // Tries begin anew: those before were another endpoint's, or before its word.
        #expect(first.allSatisfy { $0.attempts == 0 && $0.lastError == nil })
        #expect(first.allSatisfy { $0.firstAttemptAt == now && $0.nextAttemptAt == now })
        #expect(try await spool.store.releaseHeld(Self.key, at: now, limit: 3) == 3)
        #expect(try await spool.store.releaseHeld(Self.key, at: now, limit: 3) == 1)
        #expect(try await spool.store.releaseHeld(Self.key, at: now, limit: 3) == 0)
        #expect(try await Self.due(spool).count == 7)
    }

    @Test(arguments: Engine.allCases)
    func areDroppedByTheBatch(_ engine: Engine) async throws {
        let spool = try await Self.held(engine)
        #expect(try await spool.store.dropHeld(Self.key, limit: 5) == 0)
        #expect(
            try await spool.store.replace(
                Self.record(.pending, spool), with: Self.record(.unsubscribed, spool),
                publishing: nil))
        #expect(try await spool.store.dropHeld(Self.key, limit: 5) == 5)
        #expect(try await spool.store.dropHeld(Self.key, limit: 5) == 2)
        #expect(try await spool.store.messageCounts() == MessageCounts(waiting: 2, dead: 0))
    }

    @Test(arguments: Engine.allCases)
    func endByTheBatch(_ engine: Engine) async throws {
        let spool = try await Self.held(engine)
        let end = spool.time.now().advanced(bySeconds: 104)
        #expect(try await spool.store.giveUpHeld(at: end, limit: 4) == 4)
        #expect(try await spool.store.giveUpHeld(at: end, limit: 4) == 2)
        #expect(try await spool.store.messageCounts() == MessageCounts(waiting: 3, dead: 6))
        let later = end.advanced(bySeconds: 9)
        #expect(try await spool.store.expireDead(before: later, limit: 4) == 4)
        #expect(try await spool.store.expireDead(before: later, limit: 4) == 2)
        #expect(try await spool.store.messageCounts() == MessageCounts(waiting: 3, dead: 0))
    }

    // MARK: Conditional writes

    static let changes: [@Sendable (inout SubscriptionRecord) -> Void] = [
        { $0.state = .unsubscribed }, { $0.token = "other" }, { $0.id = "other" },
        { $0.url = "other" }, { $0.changedAt = Timestamp(milliseconds: 1) },
        { $0.tokenExpiresAt = Timestamp(milliseconds: 1) },
        { $0.key = SubscriberKey(topic: "t", subscriber: "z") },
        { $0.account = AccountID("other") },
    ]

    @Test(arguments: Engine.allCases)
    func aWordStandsOverWhatItWasSaidTo(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let pending = Self.record(.pending, spool)
        let confirmed = Self.record(.confirmed, spool)
        let notice = Self.delivery("m1", spool)
        #expect(
            try await spool.store.replace(pending, with: confirmed, publishing: notice) == false)
        #expect(try await spool.store.replace(nil, with: pending, publishing: nil))
        #expect(try await spool.store.replace(nil, with: confirmed, publishing: notice) == false)
        for change in Self.changes {
            var stale = pending
            change(&stale)
            #expect(
                try await spool.store.replace(stale, with: confirmed, publishing: notice) == false)
        }
        #expect(try await Self.due(spool).isEmpty)
        #expect(try await spool.store.subscriptions(of: .main).records == [pending])
        #expect(try await spool.store.subscriptions(of: AccountID("other")).records == [])
        #expect(try await spool.store.replace(pending, with: confirmed, publishing: notice))
        #expect(try await spool.store.subscriptions(of: .main).records == [confirmed])
        #expect(try await Self.due(spool) == [notice])
        try await spool.store.removeSubscription(Self.key, of: AccountID("other"))
        #expect(try await spool.store.subscriptions(of: .main).records == [confirmed])
        try await spool.store.removeSubscription(Self.key, of: .main)
        #expect(try await spool.store.subscriptions(of: .main) == StoredSubscriptions())
    }

    // MARK: Damage

    struct Damage: CustomTestStringConvertible, Sendable {
        let table: String
        let column: String
        let value: SQLValue
        var testDescription: String { "\(table).\(column) \(value)" }
    }

    private static let noText = SQLValue.blob(ByteBuffer(bytes: [0xFF, 0xFE]))

    static let rowDamages = [
        Damage(table: "topic_delivery", column: "attempts", value: .text("x")),
        Damage(table: "topic_delivery", column: "attempts", value: .integer(.max)),
        Damage(table: "topic_delivery", column: "attempts", value: .integer(-1)),
        Damage(table: "topic_delivery", column: "first_ms", value: .integer(.max)),
        Damage(table: "topic_delivery", column: "first_ms", value: noText),
        Damage(table: "topic_delivery", column: "next_ms", value: .integer(-1)),
        Damage(table: "topic_message", column: "message", value: noText),
        Damage(table: "topic_message", column: "kind", value: .text("Notificatiom")),
        Damage(table: "topic_message", column: "created_ms", value: .text("x")),
        Damage(table: "topic_message", column: "topic", value: noText),
        // These no look at what is due would find.
        Damage(table: "topic_delivery", column: "state", value: .text("waitinh")),
        Damage(table: "topic_delivery", column: "next_ms", value: .text("x")),
        Damage(table: "topic_delivery", column: "next_ms", value: noText),
        Damage(table: "topic_delivery", column: "next_ms", value: .integer(.max)),
    ]

    /// D4: a row that cannot be read holds up no other message, and is counted and told once.
    @Test(arguments: Engine.allCases, rowDamages)
    func setsAnUnreadableRowAside(_ engine: Engine, _ damage: Damage) async throws {
        let spool = try Spool(engine)
        let whole = Self.delivery("m2", spool)
        try await spool.store.publish([Self.delivery("m1", spool), whole])
        try engine.database(in: spool.folder).write { connection throws(StorageFailure) in
            let key = damage.table == "topic_message" ? "id" : "message"
            try connection.execute(
                "UPDATE \(damage.table) SET \(damage.column) = $1 WHERE \(key) = $2",
                [damage.value, .text("m1")])
        }
        for _ in 0..<2 {
            #expect(try await Self.due(spool) == [whole])
            try await spool.store.setLostAside(limit: 9)
        }
        #expect(try await spool.store.deadDeliveries(limit: 9).isEmpty)
        #expect(spool.unreadable.ids == ["m1 a"])
        #expect(
            try await spool.store.messageCounts() == MessageCounts(waiting: 1, dead: 0, damaged: 1))
        let later = spool.time.now().advanced(bySeconds: 1)
        #expect(try await spool.store.expireDead(before: later, limit: 9) == 1)
        #expect(try await spool.store.messageCounts() == MessageCounts(waiting: 1, dead: 0))
    }

    static let subscriptionDamages = [
        Damage(table: "topic_subscription", column: "state", value: .text("confirmee")),
        Damage(table: "topic_subscription", column: "url", value: noText),
        Damage(table: "topic_subscription", column: "id", value: noText),
        Damage(table: "topic_subscription", column: "token", value: noText),
        Damage(table: "topic_subscription", column: "token_expires_ms", value: .text("x")),
        Damage(table: "topic_subscription", column: "changed_ms", value: .integer(.max)),
    ]

    /// D4: a subscription that cannot be read is named, beside those that can, and written over by
    /// what begins anew, once.
    @Test(arguments: Engine.allCases, subscriptionDamages)
    func namesDamagedSubscriptions(_ engine: Engine, _ damage: Damage) async throws {
        let spool = try Spool(engine)
        let other = Self.record(.pending, spool, key: SubscriberKey(topic: "t", subscriber: "b"))
        for record in [Self.record(.confirmed, spool), other] {
            #expect(try await spool.store.replace(nil, with: record, publishing: nil))
        }
        try engine.database(in: spool.folder).write { connection throws(StorageFailure) in
            try connection.execute(
                "UPDATE topic_subscription SET \(damage.column) = $1 WHERE subscriber = 'a'",
                [damage.value])
        }
        let stored = try await spool.store.subscriptions(of: .main)
        #expect(stored.records == [other] && stored.damaged == [Self.key])
        let fresh = Self.record(.pending, spool)
        #expect(try await spool.store.replaceDamaged(with: fresh, publishing: nil))
        #expect(
            try await spool.store.replaceDamaged(
                with: Self.record(.confirmed, spool), publishing: nil) == false)
        #expect(try await spool.store.subscriptions(of: .main).records == [fresh, other])
    }
}
