import Foundation
import Logging
import MailModel
import SQLStorage
import SQLiteDriver
import ServiceLifecycleTestKit
import Storage
import Synchronization
import TestSupport
import Testing
import Topics

@Suite(.timeLimit(.minutes(1))) struct TopicDelivererTests {
    @Test func bringsEachMessageOnce() async throws {
        let outbox = try Outbox(["t": ["a", "b"]])
        try await outbox.run { outbox in
            try await outbox.publish(topic: "t", 3)
            await outbox.poster.posts(6)
        }
        #expect(outbox.poster.messages(to: "a") == ["m1", "m2", "m3"])
        #expect(outbox.poster.messages(to: "b") == ["m1", "m2", "m3"])
        #expect(try await outbox.store.messageCounts() == MessageCounts(waiting: 0, dead: 0))
    }

    /// A subscriber that does not answer holds up neither the others nor the process's end.
    @Test func aSlowSubscriberWaitsAlone() async throws {
        let outbox = try Outbox(["t": ["slow", "fast"]])
        outbox.poster.isHanging.withLock { $0 = ["slow"] }
        try await outbox.run { outbox in
            for _ in 0..<3 {
                try await outbox.publish(topic: "t", 1)
                outbox.wake.call()
            }
            await outbox.poster.posts(3)
            #expect(outbox.poster.messages(to: "fast").sorted() == ["m1", "m2", "m3"])
        }
        // What the end broke off was no failure: it is due again, as it was.
        let waiting = try await outbox.store.dueDeliveries(
            at: outbox.time.now(), limit: 9, excluding: [])
        #expect(waiting.map(\.subscriber) == ["slow", "slow", "slow"])
        #expect(waiting.allSatisfy { $0.attempts == 0 })
    }

    /// Behind an endpoint that cannot be reached nothing is tried; one that says no to a message
    /// gets the next.
    @Test(arguments: [PostFailure.Kind.unreachable, .refused])
    func triesAgainLater(_ kind: PostFailure.Kind) async throws {
        let outbox = try Outbox(["t": ["a"]])
        try await outbox.publish(topic: "t", 3)
        outbox.poster.failures.withLock { $0 = ["m1": PostFailure(kind, "on purpose")] }
        try await outbox.run { outbox in
            await outbox.poster.posts(kind == .refused ? 3 : 1)
            try await outbox.untilNothingIsDue()
        }
        let later = outbox.time.now().advanced(bySeconds: 3_600)
        let waiting = try await outbox.store.dueDeliveries(at: later, limit: 9, excluding: [])
        #expect(waiting.map(\.message.id) == (kind == .refused ? ["m1"] : ["m1", "m2", "m3"]))
        #expect(waiting.map(\.attempts) == (kind == .refused ? [1] : [1, 0, 0]))
        #expect(waiting.first?.lastError == "on purpose")
        #expect(
            try await outbox.store.dueDeliveries(
                at: outbox.time.now(), limit: 9, excluding: []
            ).isEmpty)
    }

    @Test func makesADeadLetterAtTheEndOfItsTime() async throws {
        let outbox = try Outbox(["t": ["a"]], RetrySchedule(giveUpAfterSeconds: 0))
        try await outbox.publish(topic: "t", 1)
        outbox.poster.failures.withLock { $0 = ["m1": PostFailure(.refused, "on purpose")] }
        try await outbox.run { outbox in
            await outbox.poster.posts(1)
            try await outbox.untilNothingIsDue()
        }
        #expect(try await outbox.store.deadDeliveries(limit: 9).map(\.lastError) == ["on purpose"])
    }

    /// A handler's messages come again by its policy, not by the schedule of files; it is asked
    /// about one at a time, so that what it did is noted before the next.
    @Test func aHandlerHasAPolicy() async throws {
        var handler = Subscriber(name: "a", endpoint: .handler("a"))
        handler.policy.numRetries = 1
        handler.policy.minDelaySeconds = 7
        let outbox = try Outbox(["t": ["a"]], others: ["t": [handler]])
        try await outbox.publish(topic: "t", 3)
        outbox.poster.failures.withLock { $0 = ["m1": PostFailure(.refused, "on purpose")] }
        let start = outbox.time.now()
        try await outbox.run { outbox in
            await outbox.poster.posts(3)
            try await outbox.untilNothingIsDue()
            let waiting = try await outbox.store.dueDeliveries(
                at: start.advanced(bySeconds: 3_600), limit: 9, excluding: [])
            #expect(waiting.map(\.message.id) == ["m1"])
            #expect(waiting.first?.nextAttemptAt == start.advanced(bySeconds: 7))
            #expect(outbox.poster.sizes == [1, 1, 1])
            outbox.time.advance(seconds: 7)
            outbox.wake.call()
            await outbox.poster.posts(4)
            try await outbox.untilNothingIsDue()
        }
        #expect(try await outbox.store.deadDeliveries(limit: 9).map(\.message.id) == ["m1"])
    }

    @Test func aSubscriberThatIsGoneIsAFailure() async throws {
        let outbox = try Outbox(["t": []], RetrySchedule(giveUpAfterSeconds: 0))
        try await outbox.publish(topic: "t", 1, to: ["gone"])
        try await outbox.run { outbox in
            while try await outbox.store.messageCounts().dead == 0 { await Task.yield() }
        }
        #expect(outbox.poster.messages(to: "gone").isEmpty)
    }
}

@Suite struct RetryScheduleTests {
    private struct NoChance: RandomSource {
        func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
    }

    @Test(arguments: [
        (1, 0, 10), (2, 10, 30), (3, 30, 70), (8, 0, 900), (60, 0, 900), (7, 13_760, 14_400),
    ])
    func doublesUpToItsLargest(_ attempt: Int, afterSeconds: Int64, next: Int64) {
        let start = Timestamp(milliseconds: 1_000_000)
        let time = RetrySchedule().next(
            afterAttempt: attempt, firstAttemptAt: start,
            now: start.advanced(bySeconds: afterSeconds), random: NoChance())
        #expect(time == start.advanced(bySeconds: next))
    }

    /// D5: whatever the clock does by a day, tries come no faster than without, never later than a
    /// delay after the time that the clock shows, and end.
    @Test(arguments: [-86_400, 86_400], 1...12)
    func isBoundedWhenTheClockJumps(jump: Int64, at jumpAttempt: Int) {
        let schedule = RetrySchedule()
        let start = Timestamp(milliseconds: 1_790_000_000_000)
        var (now, attempts) = (start, 1)
        while attempts < 1_000 {
            if attempts == jumpAttempt { now = now.advanced(bySeconds: jump) }
            let next = schedule.next(
                afterAttempt: attempts, firstAttemptAt: start, now: now, random: NoChance())
            guard let next else { break }
            let delay = next.milliseconds - now.milliseconds
            #expect(delay >= 10_000 && delay <= 900_000)
            now = next
            attempts += 1
        }
        // Four hours in steps of 15 minutes are 22 tries; a day more of them are 96.
        #expect(attempts <= 22 + 97)
    }

    @Test(arguments: [9, 10])
    func givesUpAtItsEnd(attempt: Int) {
        let start = Timestamp(milliseconds: 0)
        let next = RetrySchedule().next(
            afterAttempt: attempt, firstAttemptAt: start, now: start.advanced(bySeconds: 13_761),
            random: NoChance())
        #expect((next == nil) == (attempt == 10))
    }

    /// D5: a clock that goes 40 days forward makes no try the last before an hour's tries.
    @Test(arguments: [
        (10, 900, 14_400, 10), (10, 900, 0, 1), (1, 1, 2, 3), (1, 1, 86_400, 3_601),
        (3_600, 86_400, 86_400, 2), (3_601, 86_400, 86_400, 1),
    ])
    func triesForAnHour(first: Int64, most: Int64, seconds: Int64, tries: Int) {
        let schedule = RetrySchedule(
            firstDelaySeconds: first, delaySecondsMax: most, giveUpAfterSeconds: seconds)
        #expect(schedule.triesMin == tries)
        let start = Timestamp(milliseconds: 0)
        for attempt in [tries - 1, tries] where attempt > 0 {
            let next = schedule.next(
                afterAttempt: attempt, firstAttemptAt: start,
                now: start.advanced(bySeconds: 3_456_000), random: NoChance())
            #expect((next == nil) == (attempt == tries))
        }
    }
}

/// A deliverer over a real outbox, with endpoints and time in a test's hands.
final class Outbox: Sendable {
    let folder: String
    let store: SQLStore
    let time = ManualTime()
    let wake = Wake()
    let poster = ScriptedPoster()
    private let topics: [String: [String]]
    private let retries: RetrySchedule
    private let others: [String: [Subscriber]]
    private let made = Mutex(0)

    /// The subscribers of `topics` are files, but for those that `others` has.
    init(
        _ topics: [String: [String]], _ retries: RetrySchedule = RetrySchedule(),
        others: [String: [Subscriber]] = [:]
    ) throws {
        self.others = others
        folder = try ProjectFiles.temporaryFolder()
        store = try SQLStore(
            database: try SQLiteDatabase(path: "\(folder)/martlet.sqlite"), bodies: NoBodies(),
            time: time, onSyncFailure: { _ in })
        self.topics = topics
        self.retries = retries
    }

    deinit {
        store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// `m1`, `m2`, … in the order of the calls.
    func publish(topic: String, _ count: Int, to subscribers: [String]? = nil) async throws {
        for _ in 0..<count {
            let number = made.withLock { made in
                made += 1
                return made
            }
            let message = TopicMessage(
                id: "m\(number)", topic: topic, subject: nil, message: "{}",
                createdAt: time.now())
            try await store.publish(
                (subscribers ?? topics[topic] ?? []).map { subscriber in
                    TopicDelivery(
                        message: message, subscriber: subscriber, state: .waiting, attempts: 0,
                        nextAttemptAt: time.now(), lastError: nil)
                })
        }
        wake.call()
    }

    func untilNothingIsDue() async throws {
        while try await store.dueDeliveries(at: time.now(), limit: 1, excluding: []).count > 0 {
            await Task.yield()
        }
    }

    /// Runs the deliverer while `body` does.
    func run(_ body: @Sendable @escaping (Outbox) async throws -> Void) async throws {
        let directory = TopicDirectory(
            topics.mapValues { names in
                names.map { Subscriber(name: $0, endpoint: .file(path: $0)) }
            }.merging(others) { _, other in other })
        let wishes = Subscriptions(
            store: store, directory: directory, time: time, random: CountingRandom(),
            canConfirm: false, log: CollectedLog().logger, topicARN: { $0 }, onChange: {})
        let deliverer = TopicDeliverer(
            outbox: store, directory: directory, wishes: wishes, poster: poster, side: nil,
            retries: retries, time: time,
            random: CountingRandom(), pause: NoPause(), wake: wake,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            topicARN: { $0 })
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await deliverer.run() }
                defer { trigger.triggerGracefulShutdown() }
                try await body(self)
                trigger.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
    }
}

/// Waits are over at once.
struct NoPause: Pause {
    func forMilliseconds(_ milliseconds: Int64) async { await Task.yield() }
}

/// Endpoints called by their paths; what was posted to each.
final class ScriptedPoster: MessagePoster {
    private struct State {
        var posted: [String: [String]] = [:]
        var sizes: [Int] = []
        var count = 0
        var working = 0
        var waiters: [(count: Int, CheckedContinuation<Void, Never>)] = []
    }

    /// Answers for messages that are not taken.
    let failures = Mutex<[String: PostFailure]>([:])
    /// Endpoints that do not answer until they are given up.
    let isHanging = Mutex<Set<String>>([])
    private let state = Mutex(State())

    func post(
        _ messages: [SNSMessage], to endpoint: Subscriber.Endpoint
    ) async -> [Result<Void, PostFailure>] {
        let name: String
        switch endpoint {
        case .file(let path): name = path
        case .handler(let handler): name = handler
        case .web, .mail: return []
        }
        state.withLock { $0.sizes.append(messages.count) }
        if isHanging.withLock({ $0.contains(name) }) {
            let (never, _) = AsyncStream<Void>.makeStream()
            for await _ in never {}
            return messages.map { _ in .failure(PostFailure(.unreachable, "given up")) }
        }
        var results: [Result<Void, PostFailure>] = []
        for message in messages {
            let failure = failures.withLock { $0[message.id] }
            note(name, message.id)
            results.append(failure.map { .failure($0) } ?? .success(()))
            if failure?.kind == .unreachable { break }
        }
        let left = messages.count - results.count
        return results + Array(repeating: .failure(PostFailure(.notTried, "")), count: left)
    }

    private func note(_ name: String, _ message: String) {
        let met = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.posted[name, default: []].append(message)
            state.count += 1
            let met = state.waiters.filter { $0.count <= state.count }.map(\.1)
            state.waiters.removeAll { $0.count <= state.count }
            return met
        }
        for waiter in met { waiter.resume() }
    }

    /// How many messages each post had.
    var sizes: [Int] { state.withLock { $0.sizes } }

    func messages(to name: String) -> [String] { state.withLock { $0.posted[name] ?? [] } }

    /// Returns once `count` messages were tried, in all.
    func posts(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isMet = state.withLock { state -> Bool in
                if state.count >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isMet { continuation.resume() }
        }
    }
}
