import Foundation
import Logging
import MailModel
import SQLStorage
import SQLiteDriver
import Storage
import Synchronization
import TestSupport
import Testing
import Topics

@Suite(.timeLimit(.minutes(1))) struct SubscriptionsTests {
    private static let key = SubscriberKey(topic: "t", subscriber: "a")

    /// What the configuration says, and what an earlier start under another left.
    struct Adoption: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var before: SubscriptionRecord.State?
        var isURLChanged = false
        var isAsked = true
        var hasWeb = true
        let after: SubscriptionRecord.State
        /// Whether the endpoint is sent a message that asks it.
        var isSentQuestion = false
    }

    static let adoptions = [
        Adoption(testDescription: "new", after: .pending, isSentQuestion: true),
        Adoption(testDescription: "new, trusted", isAsked: false, after: .confirmed),
        Adoption(testDescription: "new, nowhere to confirm", hasWeb: false, after: .confirmed),
        Adoption(testDescription: "web is added", before: .confirmed, after: .confirmed),
        Adoption(
            testDescription: "web is dropped, no answer yet", before: .pending, hasWeb: false,
            after: .pending),
        Adoption(
            testDescription: "web is dropped, ended", before: .unsubscribed, hasWeb: false,
            after: .unsubscribed),
        Adoption(
            testDescription: "the operator's word", before: .pending, isAsked: false,
            after: .confirmed),
        Adoption(
            testDescription: "the operator's word, without web", before: .pending, isAsked: false,
            hasWeb: false, after: .confirmed),
        Adoption(
            testDescription: "the operator's word is not over the endpoint's",
            before: .unsubscribed, isAsked: false, after: .unsubscribed),
        Adoption(testDescription: "no answer yet", before: .pending, after: .pending),
        Adoption(
            testDescription: "another URL", before: .confirmed, isURLChanged: true,
            after: .pending, isSentQuestion: true),
        Adoption(
            testDescription: "another URL, ended before", before: .unsubscribed,
            isURLChanged: true, after: .pending, isSentQuestion: true),
    ]

    @Test(arguments: adoptions)
    func followsTheConfiguration(_ adoption: Adoption) async throws {
        let desk = try SubscriptionsDesk()
        if let before = adoption.before {
            try await desk.keep(
                before, url: adoption.isURLChanged ? "http://old.example/" : desk.url)
        }
        let subscriptions = try desk.subscriptions(
            isAsked: adoption.isAsked, hasWeb: adoption.hasWeb)
        try await subscriptions.adopt()
        let record = try #require(subscriptions.record(of: Self.key))
        #expect(record.state == adoption.after)
        #expect(record.url == desk.url)
        #expect(
            try await desk.due().map(\.message.kind)
                == (adoption.isSentQuestion ? [.subscriptionConfirmation] : []))
        #expect(adoption.isURLChanged ? record.id != "id" : true)
        // Said once to the operator, who alone can mend it.
        let isStuck = adoption.after == .pending && !adoption.hasWeb
        #expect(desk.log.lines.count == (isStuck ? 1 : 0))
        try await subscriptions.adopt()
        #expect(subscriptions.record(of: Self.key) == record)
    }

    @Test func forgetsWhoIsGone() async throws {
        let desk = try SubscriptionsDesk()
        try await desk.keep(
            .confirmed, url: desk.url, key: SubscriberKey(topic: "t", subscriber: "gone"))
        try await desk.subscriptions().adopt()
        #expect(try await desk.store.subscriptions(of: .main).records.map(\.key) == [Self.key])
    }

    @Test func aTokenConfirmsWhileItIsGood() async throws {
        let desk = try SubscriptionsDesk()
        let subscriptions = try desk.subscriptions()
        try await subscriptions.adopt()
        let asked = try #require(subscriptions.record(of: Self.key))
        #expect(asked.token.count == 64)
        for (arn, token) in [
            ("arn:t", ""), ("arn:t", "\(asked.token.dropLast())"), ("arn:u", asked.token),
        ] {
            #expect(try await subscriptions.confirm(topicARN: arn, token: token) == nil)
        }
        desk.time.advance(seconds: 172_800)
        #expect(try await subscriptions.confirm(topicARN: "arn:t", token: asked.token) == nil)
        desk.time.advance(seconds: -1)
        for _ in 0..<2 {
            #expect(
                try await subscriptions.confirm(topicARN: "arn:t", token: asked.token)
                    == "arn:t:\(asked.id)")
        }
        #expect(subscriptions.record(of: Self.key)?.state == .confirmed)
    }

    @Test func anIDEndsAndTheNextTokenUndoes() async throws {
        let desk = try SubscriptionsDesk()
        try await desk.keep(.confirmed, url: desk.url)
        let subscriptions = try desk.subscriptions()
        try await subscriptions.adopt()
        #expect(try await subscriptions.unsubscribe(subscriptionARN: "arn:t:ix") == false)
        #expect(try await subscriptions.unsubscribe(subscriptionARN: "arn:t:id"))
        let ended = try #require(subscriptions.record(of: Self.key))
        #expect(ended.state == .unsubscribed && ended.token != "token")
        #expect(try await desk.due().map(\.message.kind) == [.unsubscribeConfirmation])
        #expect(try await subscriptions.confirm(topicARN: "arn:t", token: "token") == nil)
        #expect(try await subscriptions.confirm(topicARN: "arn:t", token: ended.token) != nil)
    }

    /// Two that decide on the same knowledge: the slower one looks again at what was written.
    @Test(arguments: [true, false])
    func whoIsSlowerJudgesAnew(isEndFirst: Bool) async throws {
        let desk = try SubscriptionsDesk()
        let first = try desk.subscriptions()
        try await first.adopt()
        let asked = try #require(first.record(of: Self.key))
        // It knows what was; the first one changes it.
        let second = try desk.subscriptions()
        try await second.adopt()
        let arn = "arn:t:\(asked.id)"
        if isEndFirst {
            #expect(try await first.unsubscribe(subscriptionARN: arn))
            // That token is of no use any more.
            #expect(try await second.confirm(topicARN: "arn:t", token: asked.token) == nil)
        } else {
            #expect(try await first.confirm(topicARN: "arn:t", token: asked.token) == arn)
            // What was confirmed is not asked again.
            #expect(try await second.subscribe(Self.key, isTrusted: false) == .confirmed)
        }
        let stored = try await desk.store.subscriptions(of: .main).records
        #expect(stored.map(\.state) == [isEndFirst ? .unsubscribed : .confirmed])
        #expect(second.record(of: Self.key) == stored.first)
    }

    /// Messages that were held go where the endpoint's word wants them, more than one commit has.
    @Test(arguments: [true, false])
    func whatWasHeldFollowsTheWord(isConfirmed: Bool) async throws {
        let desk = try SubscriptionsDesk()
        let subscriptions = try desk.subscriptions()
        try await subscriptions.adopt()
        let asked = try #require(subscriptions.record(of: Self.key))
        let ids = (0...Subscriptions.heldBatchMax).map { "m\($0)" }
        try await desk.hold(ids)
        try await subscriptions.settleHeld()
        #expect(try await desk.due().map(\.message.kind) == [.subscriptionConfirmation])
        if isConfirmed {
            _ = try await subscriptions.confirm(topicARN: "arn:t", token: asked.token)
        } else {
            _ = try await subscriptions.unsubscribe(subscriptionARN: "arn:t:\(asked.id)")
        }
        // The process may have ended before it came to that.
        let next = try desk.subscriptions()
        try await next.adopt()
        try await next.settleHeld()
        let told = try await desk.due().filter { $0.message.kind == .notification }
        #expect(told.count == (isConfirmed ? ids.count : 0))
        #expect(try await desk.store.giveUpHeld(at: desk.farOff, limit: 9) == 0)
    }

    /// They wait for the new endpoint, each no longer than before.
    @Test func whatWasHeldWaitsForAnotherURL() async throws {
        let desk = try SubscriptionsDesk()
        try await desk.keep(.pending, url: "http://old.example/")
        try await desk.hold(["m1"])
        let subscriptions = try desk.subscriptions()
        try await subscriptions.adopt()
        try await subscriptions.settleHeld()
        let asked = try #require(subscriptions.record(of: Self.key))
        #expect(try await desk.due().map(\.message.kind) == [.subscriptionConfirmation])
        _ = try await subscriptions.confirm(topicARN: "arn:t", token: asked.token)
        try await subscriptions.settleHeld()
        #expect(try await desk.due().map(\.message.id).contains("m1"))
    }

    @Test func whatNobodyConfirmsIsDead() async throws {
        let desk = try SubscriptionsDesk()
        let subscriptions = try desk.subscriptions()
        try await subscriptions.adopt()
        try await desk.hold((0...Subscriptions.heldBatchMax).map { "m\($0)" })
        desk.time.advance(seconds: Subscriptions.tokenLifetimeSeconds - 1)
        try await subscriptions.giveUpHeld()
        #expect(try await desk.store.messageCounts().dead == 0)
        desk.time.advance(seconds: 1)
        try await subscriptions.giveUpHeld()
        #expect(try await desk.store.messageCounts().dead == Subscriptions.heldBatchMax + 1)
        #expect(desk.log.lines.map { $0.metadata["messages"] } == ["501"])
    }

    // MARK: By mail

    private static let ada = "ada@example.com"

    private func addressee(_ form: MailAddressee.Form = .text) throws -> MailAddressee {
        MailAddressee(address: try #require(Mailbox(Self.ada)), form: form)
    }

    /// An operator adds them; what they have said outlives the process, but not the topic.
    @Test func anAddressIsAskedAndStays() async throws {
        let desk = try SubscriptionsDesk()
        let key = SubscriberKey(topic: "t", subscriber: Self.ada)
        let subscriptions = try desk.subscriptions()
        try await subscriptions.adopt()
        #expect(
            try await subscriptions.subscribe(addressee(), to: "t", isTrusted: false) == .pending)
        let asked = try #require(subscriptions.record(of: key))
        #expect(asked.url == "email:ada@example.com")
        #expect(
            try await desk.due().map { "\($0.subscriber) \($0.message.kind.rawValue)" }.last
                == "ada@example.com SubscriptionConfirmation")
        #expect(
            try await subscriptions.confirm(topicARN: "arn:t", token: asked.token)
                == "arn:t:\(asked.id)")
        // The form is the operator's matter.
        #expect(
            try await subscriptions.subscribe(addressee(.json), to: "t", isTrusted: false)
                == .confirmed)
        let directory = try desk.directory()
        let next = try desk.subscriptions(directory: directory)
        try await next.adopt()
        #expect(next.record(of: key)?.state == .confirmed)
        #expect(directory.subscriber(key)?.endpoint == .mail(try addressee(.json)))
        #expect(directory.all.map(\.subscriber.name) == ["a", Self.ada])
        func told(_ subscription: String?) throws -> [String] {
            try #require(
                directory.deliveries(
                    of: "{}", subject: nil, topic: "t",
                    subscriptions: [subscription].compactMap { $0 },
                    at: desk.time.now(), random: CountingRandom())
            ).map(\.subscriber)
        }
        #expect(try told(nil) == ["a", Self.ada])
        // What we told by mail is not told by mail again.
        #expect(try told("arn:t:\(asked.id)") == ["a"])
        #expect(try told("arn:t:another") == ["a", Self.ada])
        #expect(try await next.remove(key))
        #expect(try await next.remove(key) == false)
        #expect(try told(nil) == ["a"])
        #expect(try await next.remove(Self.key) == false)
    }

    /// Who is subscribed again later does not get what was held for them before.
    @Test func whatWasHeldForAnAddressGoesWithIt() async throws {
        let desk = try SubscriptionsDesk()
        let subscriptions = try desk.subscriptions()
        try await subscriptions.adopt()
        _ = try await subscriptions.subscribe(addressee(), to: "t", isTrusted: false)
        let key = SubscriberKey(topic: "t", subscriber: Self.ada)
        try await desk.hold((0...Subscriptions.heldBatchMax).map { "m\($0)" }, for: key)
        #expect(try await subscriptions.remove(key))
        #expect(try await desk.store.giveUpHeld(at: desk.farOff, limit: 9) == 0)
        #expect(try await desk.due().allSatisfy { $0.message.kind == .subscriptionConfirmation })
    }

    @Test func anAddressGoesWithItsTopic() async throws {
        let desk = try SubscriptionsDesk()
        let key = SubscriberKey(topic: "gone", subscriber: Self.ada)
        try await desk.keep(.confirmed, url: "email:\(Self.ada)", key: key)
        let subscriptions = try desk.subscriptions()
        try await subscriptions.adopt()
        #expect(subscriptions.record(of: key) == nil)
    }

    @Test func anAddressWantsATopicAPublicSideAndASender() async throws {
        let desk = try SubscriptionsDesk()
        func problem(
            _ subscriptions: Subscriptions, topic: String = "t"
        ) async throws -> String {
            let addressee = try addressee()
            do throws(Subscriptions.Problem) {
                _ = try await subscriptions.subscribe(addressee, to: topic, isTrusted: true)
                return "none"
            } catch {
                return "\(error)"
            }
        }
        #expect(try await problem(try desk.subscriptions(), topic: "u") == "unknown")
        #expect(try await problem(try desk.subscriptions(hasWeb: false)) == "nowhereToConfirm")
        #expect(try await problem(try desk.subscriptions(canMail: false)) == "nothingIsSent")
        #expect(try await problem(try desk.subscriptions()) == "none")
    }

    /// D4: all that is left of it is its name.
    @Test func aDamagedRecordOfAnAddressIsAskedAnew() async throws {
        let desk = try SubscriptionsDesk()
        let key = SubscriberKey(topic: "t", subscriber: Self.ada)
        try await desk.keep(.confirmed, url: "email-json:\(Self.ada)", key: key)
        try desk.damage()
        let subscriptions = try desk.subscriptions()
        try await subscriptions.adopt()
        let record = try #require(subscriptions.record(of: key))
        #expect(record.state == .pending && record.url == "email:\(Self.ada)")
    }

    /// D4: one record that cannot be read begins anew, and stops nobody: not at the start, and not
    /// later.
    @Test(arguments: [true, false], [true, false])
    func aDamagedRecordBeginsAnew(isRunning: Bool, hasWeb: Bool) async throws {
        let desk = try SubscriptionsDesk()
        try await desk.keep(.unsubscribed, url: desk.url)
        let subscriptions = try desk.subscriptions(hasWeb: hasWeb)
        if isRunning { try await subscriptions.adopt() }
        try desk.damage()
        if isRunning {
            _ = try await subscriptions.subscribe(Self.key, isTrusted: true)
        } else {
            try await subscriptions.adopt()
            let record = try #require(subscriptions.record(of: Self.key))
            // Nothing goes out until somebody has said that it is wanted.
            #expect(record.state == .pending && record.id != "id")
            #expect(
                try await desk.due().map(\.message.kind)
                    == (hasWeb ? [.subscriptionConfirmation] : []))
        }
        #expect(desk.log.lines.contains { $0.level == .error && $0.metadata["subscriber"] == "a" })
        #expect(try await desk.store.subscriptions(of: .main).damaged == [])
        #expect(subscriptions.record(of: Self.key) != nil)
    }
}

/// Topic `t` with one web subscriber, `a`, over a real store.
private final class SubscriptionsDesk: Sendable {
    let folder: String
    let store: SQLStore
    let time = ManualTime()
    let log = CollectedLog()
    let url = "http://a.example/"
    let farOff = Timestamp(milliseconds: 2_000_000_000_000)
    private let random = CountingRandom()

    init() throws {
        folder = try ProjectFiles.temporaryFolder()
        store = try SQLStore(
            database: try SQLiteDatabase(path: "\(folder)/martlet.sqlite"), bodies: NoBodies(),
            time: time, onSyncFailure: { _ in })
    }

    deinit {
        store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    func directory(isAsked: Bool = true) throws -> TopicDirectory {
        var subscriber = Subscriber(name: "a", endpoint: .web(try WebURL(parsing: url)))
        subscriber.isAsked = isAsked
        return TopicDirectory(["t": [subscriber]])
    }

    func subscriptions(
        isAsked: Bool = true, hasWeb: Bool = true, canMail: Bool = true,
        directory: TopicDirectory? = nil
    ) throws -> Subscriptions {
        Subscriptions(
            store: store, directory: try directory ?? self.directory(isAsked: isAsked), time: time,
            random: random, canConfirm: hasWeb, canMail: canMail, log: log.logger,
            topicARN: { "arn:\($0)" }, onChange: {})
    }

    /// What an earlier server left.
    func keep(
        _ state: SubscriptionRecord.State, url: String,
        key: SubscriberKey = SubscriberKey(topic: "t", subscriber: "a")
    ) async throws {
        let record = SubscriptionRecord(
            key: key, url: url, id: "id", state: state, token: "token",
            tokenExpiresAt: time.now().advanced(bySeconds: 9), changedAt: time.now())
        #expect(try await store.replace(nil, with: record, publishing: nil))
    }

    func hold(
        _ ids: [String], for key: SubscriberKey = SubscriberKey(topic: "t", subscriber: "a")
    ) async throws {
        try await store.publish(
            ids.map { id in
                TopicDelivery(
                    message: TopicMessage(
                        id: id, topic: "t", subject: nil, message: "{}", createdAt: time.now()),
                    subscriber: key.subscriber, state: .waiting, attempts: 0,
                    nextAttemptAt: time.now(),
                    lastError: nil)
            })
        try await store.hold(
            key, messages: ids, seconds: Subscriptions.tokenLifetimeSeconds)
    }

    func due() async throws -> [TopicDelivery] {
        try await store.dueDeliveries(at: farOff, limit: 1_000, excluding: [])
    }

    func damage() throws {
        try SQLiteDatabase(path: "\(folder)/martlet.sqlite").write {
            connection throws(StorageFailure) in
            try connection.execute("UPDATE topic_subscription SET changed_ms = $1", [.text("x")])
        }
    }
}
