import MailModel
import Storage
import Synchronization
import TestSupport
import Topics

extension FuzzTarget {
    /// What endpoints, the operator and time do to a subscription: it changes by its token and its id
    /// alone, each in time and to the byte, and a token that was replaced is none any more.
    ///
    /// The first byte says whether there is a public side and whether the endpoint is asked. Then each
    /// byte is a step of `SubscriptionSteps`, with the bytes behind it.
    static let subscriptions = FuzzTarget("subscriptions") { bytes in
        try CallersThread.run {
            var steps = try await SubscriptionSteps(choices: bytes.first ?? 0)
            var rest = bytes.dropFirst()
            // The random source repeats itself after 256 calls.
            for _ in 0..<64 {
                guard let step = rest.popFirst() else { return }
                try await steps.take(step, &rest)
            }
        }
    }
}

private struct SubscriptionSteps {
    private static let key = SubscriberKey(topic: "t", subscriber: "s")
    private static let topicARN = "arn:aws:sns:us-east-1:000000000000:t"

    private let store = SubscriptionRows()
    private let time = ManualTime()
    private let subscriptions: Subscriptions
    private let canConfirm: Bool
    /// Those that were issued, the one in force last.
    private var tokens: [String] = []

    init(choices: UInt8) async throws {
        canConfirm = choices & 1 == 0
        var subscriber = Subscriber(
            name: "s", endpoint: .web(try WebURL(parsing: "https://endpoint.example/")))
        subscriber.isAsked = choices & 2 == 0
        subscriptions = Subscriptions(
            store: store, directory: TopicDirectory(["t": [subscriber]]), time: time,
            random: CountingRandom(), canConfirm: canConfirm, log: CollectedLog().logger,
            topicARN: { "arn:aws:sns:us-east-1:000000000000:\($0)" }, onChange: {})
        try await subscriptions.adopt()
        tokens = [try record.token]
    }

    private var record: SubscriptionRecord {
        get throws {
            guard let record = subscriptions.record(of: Self.key) else {
                throw FuzzFind("there is no record")
            }
            return record
        }
    }

    private var arn: String { get throws { "\(Self.topicARN):\(try record.id)" } }

    mutating func take(_ step: UInt8, _ rest: inout ArraySlice<UInt8>) async throws {
        switch step % 9 {
        case 0: try await confirm(try record.token)
        case 1: try await confirm(Self.changed(try record.token, &rest))
        case 2: try await confirm(tokens[Int(rest.popFirst() ?? 0) % tokens.count])
        case 3: try await confirm(Self.text(&rest))
        case 4: try await confirm(try record.token, topicARN: Self.changed(Self.topicARN, &rest))
        case 5: try await unsubscribe(try arn)
        case 6: try await unsubscribe(Self.changed(try arn, &rest))
        case 7: time.advance(seconds: Int64(rest.popFirst() ?? 0) * 1_024)
        default: try await subscribe(isTrusted: rest.popFirst() ?? 0 > 127)
        }
    }

    // MARK: Steps

    private mutating func confirm(
        _ token: String, topicARN: String = topicARN
    ) async throws {
        let before = try record
        let isGood =
            token.utf8.elementsEqual(before.token.utf8)
            && topicARN.utf8.elementsEqual(Self.topicARN.utf8)
            && time.now() < before.tokenExpiresAt
        let answer = try await subscriptions.confirm(topicARN: topicARN, token: token)
        try requireEqual(answer, isGood ? try arn : nil, "the answer to \(token)")
        try check(from: before, to: isGood ? .confirmed : before.state)
    }

    private mutating func unsubscribe(_ given: String) async throws {
        let before = try record
        let isGood = given.utf8.elementsEqual(try arn.utf8)
        let answer = try await subscriptions.unsubscribe(subscriptionARN: given)
        try requireEqual(answer, isGood, "the answer to \(given)")
        try check(from: before, to: isGood ? .unsubscribed : before.state)
    }

    private mutating func subscribe(isTrusted: Bool) async throws {
        let before = try record
        guard let state = try? await subscriptions.subscribe(Self.key, isTrusted: isTrusted) else {
            try require(!isTrusted && !canConfirm, "the operator was refused")
            return try check(from: before, to: before.state)
        }
        let isAgain = state == .pending
        try check(from: before, to: state, isAgain: isAgain)
        guard before.state != .confirmed else { return }
        try requireEqual(state, isTrusted ? .confirmed : .pending, "the operator's word")
    }

    /// The record is in `state`, and nothing else of it is new but what that brings.
    private mutating func check(
        from before: SubscriptionRecord, to state: SubscriptionRecord.State, isAgain: Bool = false
    ) throws {
        let after = try record
        try requireEqual(after.state, state, "the state")
        try requireEqual(store.record(of: Self.key), after, "what is stored")
        let isChanged = before.state != state || isAgain
        guard isChanged else { return try requireEqual(after, before, "untouched") }
        try requireEqual(after.id, before.id, "the id")
        try requireEqual(after.changedAt, time.now(), "when it changed")
        guard state != .confirmed else {
            return try requireEqual(after.token, before.token, "the token of what is confirmed")
        }
        try require(!tokens.contains(after.token), "a token twice")
        tokens.append(after.token)
        let lifetime = Subscriptions.tokenLifetimeSeconds
        try requireEqual(
            after.tokenExpiresAt, time.now().advanced(bySeconds: lifetime), "the token's end")
        let kind =
            state == .pending
            ? TopicMessage.Kind.subscriptionConfirmation : .unsubscribeConfirmation
        try requireEqual(store.published?.message.kind, canConfirm ? kind : nil, "the notice")
    }

    // MARK: What is given

    /// Another text: one of its bytes is another, is missing, or stands twice.
    private static func changed(_ text: String, _ rest: inout ArraySlice<UInt8>) -> String {
        var bytes = Array(text.utf8)
        let index = Int(rest.popFirst() ?? 0) % bytes.count
        switch rest.popFirst() ?? 0 {
        case 0: bytes.remove(at: index)
        case 1: bytes.insert(bytes[index], at: index)
        case let mask: bytes[index] ^= mask & 0x7F
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func text(_ rest: inout ArraySlice<UInt8>) -> String {
        let count = Int(rest.popFirst() ?? 0)
        defer { rest = rest.dropFirst(count) }
        return String(decoding: rest.prefix(count), as: UTF8.self)
    }
}

/// A store that answers at once.
private final class SubscriptionRows: SubscriptionStore {
    private let records = Mutex<[SubscriberKey: SubscriptionRecord]>([:])
    private let last = Mutex<TopicDelivery?>(nil)

    func record(of key: SubscriberKey) -> SubscriptionRecord? { records.withLock { $0[key] } }

    /// With the last change.
    var published: TopicDelivery? { last.withLock { $0 } }

    func subscriptions(of account: AccountID) -> StoredSubscriptions {
        var stored = StoredSubscriptions()
        stored.records = records.withLock { Array($0.values) }
        return stored
    }

    func replace(
        _ known: SubscriptionRecord?, with record: SubscriptionRecord,
        publishing delivery: TopicDelivery?
    ) -> Bool {
        let isDone = records.withLock { records in
            guard records[record.key] == known else { return false }
            records[record.key] = record
            return true
        }
        if isDone { last.withLock { $0 = delivery } }
        return isDone
    }

    func replaceDamaged(
        with record: SubscriptionRecord, publishing delivery: TopicDelivery?
    ) -> Bool { false }

    func removeSubscription(_ key: SubscriberKey, of account: AccountID) {
        records.withLock { $0[key] = nil }
    }

    func hold(_ key: SubscriberKey, messages ids: [String], seconds: Int64) {}

    func releaseHeld(_ key: SubscriberKey, at time: Timestamp, limit: Int) -> Int { 0 }

    func dropHeld(_ key: SubscriberKey, limit: Int) -> Int { 0 }

    func giveUpHeld(at time: Timestamp, limit: Int) -> Int { 0 }
}
