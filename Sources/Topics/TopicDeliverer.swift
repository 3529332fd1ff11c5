package import Logging
package import MailModel
import ServiceLifecycle
package import Storage
import Synchronization

/// Takes messages from the outbox to their subscribers; what fails is tried again by the
/// schedule, then kept as a dead letter.
package final class TopicDeliverer: Service {
    private static let batchMax = 256
    /// Bytes of messages that one look takes out of the outbox; one message always comes.
    private static let batchBytesMax = 8_388_608
    /// Bytes of messages that are made ready, posted and noted together; one always is.
    private static let pieceBytesMax = 1_048_576
    /// Until what came of messages is written down again that could not be.
    private static let afterFailureMilliseconds: Int64 = 5_000

    private let outbox: any OutboxStore
    private let subscriptions: any SubscriptionStore
    private let wishes: Subscriptions
    private let side: PublicSide?
    private let directory: TopicDirectory
    private let poster: any MessagePoster
    private let retries: RetrySchedule
    private let time: any TimeSource
    private let random: any RandomSource
    private let pause: any Pause
    private let wake: Wake
    private let log: Logger
    private let topicARN: @Sendable (String) -> String
    private let onUnwritten: @Sendable (StorageFailure) -> Void
    /// Subscribers that are being delivered to.
    private let busy = Mutex<Set<SubscriberKey>>([])

    /// `topicARN` names a topic as SNS does. `retries` are those of files; other subscribers have a
    /// policy each. Without a public `side` nothing is signed. `onUnwritten` is called where the end
    /// comes before it could be written what was delivered.
    package init(
        outbox: any OutboxStore & SubscriptionStore, directory: TopicDirectory,
        wishes: Subscriptions, poster: any MessagePoster, side: PublicSide?,
        retries: RetrySchedule, time: any TimeSource, random: any RandomSource,
        pause: any Pause, wake: Wake, log: Logger,
        topicARN: @escaping @Sendable (String) -> String,
        onUnwritten: @escaping @Sendable (StorageFailure) -> Void = { _ in }
    ) {
        self.outbox = outbox
        subscriptions = outbox
        self.wishes = wishes
        self.side = side
        self.directory = directory
        self.poster = poster
        self.retries = retries
        self.time = time
        self.random = random
        self.pause = pause
        self.wake = wake
        self.log = log
        self.topicARN = topicARN
        self.onUnwritten = onUnwritten
    }

    /// Until graceful shutdown; what is not delivered by then stays in the outbox.
    package func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                while !wake.isClosed {
                    do throws(StorageFailure) {
                        for (line, deliveries) in try await nextLines() {
                            group.addTask { await self.work(deliveries, of: line) }
                        }
                    } catch {
                        log.error("the outbox could not be read: \(error)")
                    }
                    await wake.wait()
                }
            }
        } onGracefulShutdown: {
            self.wake.close()
        }
    }

    /// What is due to subscribers that nobody is delivering to; marks them as busy.
    private func nextLines() async throws(StorageFailure) -> [SubscriberKey: [TopicDelivery]] {
        var due = try await outbox.dueDeliveries(
            at: time.now(), limit: Self.batchMax, excluding: busy.withLock { $0 })[...]
        let taken = Self.first(Self.batchBytesMax, of: &due)
        let lines = Dictionary(grouping: taken, by: \.subscriberKey)
        busy.withLock { $0.formUnion(lines.keys) }
        return lines
    }

    /// Takes the first deliveries, of that many bytes at most; one, if there is any.
    private static func first(
        _ bytesMax: Int, of deliveries: inout ArraySlice<TopicDelivery>
    ) -> ArraySlice<TopicDelivery> {
        var bytes = 0
        var count = 0
        for delivery in deliveries {
            bytes += delivery.message.message.utf8.count
            guard count == 0 || bytes <= bytesMax else { break }
            count += 1
        }
        defer { deliveries = deliveries.dropFirst(count) }
        return deliveries.prefix(count)
    }

    /// Each subscriber by itself: a slow one holds up nobody else. Its messages go in pieces, so
    /// that what it says meanwhile counts for the next, and little is told twice after a crash.
    private func work(_ deliveries: [TopicDelivery], of line: SubscriberKey) async {
        var left = deliveries[...]
        var isGood = true
        // What a handler has done is noted before it is asked to do more.
        let bytesMax =
            if case .handler? = directory.subscriber(line)?.endpoint { 0 } else {
                Self.pieceBytesMax
            }
        while isGood, !left.isEmpty, !wake.isClosed {
            let piece = Self.first(bytesMax, of: &left)
            isGood = await work(on: Array(piece), of: line, behind: &left)
        }
        busy.withLock { _ = $0.remove(line) }
        if isGood { wake.call() }
    }

    /// One piece; what is behind an endpoint that cannot be reached is not tried. Says whether what
    /// came of it is written down.
    private func work(
        on piece: [TopicDelivery], of line: SubscriberKey,
        behind left: inout ArraySlice<TopicDelivery>
    ) async -> Bool {
        let subscriber = directory.subscriber(line)
        let sorted = SortedDeliveries(
            piece, record: wishes.record(of: line), subscriber, canConfirm: side != nil)
        var outcomes = await post(sorted.toPost, of: line, to: subscriber)
        if let kind = outcomes.last?.failure?.kind, kind == .unreachable || kind == .notTried {
            outcomes += left.map { ($0, PostFailure(.notTried, "")) }
            left = []
        }
        let delivered = outcomes.filter { $0.failure == nil }.map(\.delivery)
        // What the end of the process broke off was no failure of the subscriber's.
        let updated = wake.isClosed ? [] : postponed(outcomes, subscriber)
        return await note(
            delivered: delivered + sorted.toDrop, updated: updated, held: sorted.toHold, of: line)
    }

    /// Tries until it stands: what was posted and could not be written down is kept here, and not
    /// posted again; meanwhile nothing else goes to this subscriber. Says whether it stands.
    private func note(
        delivered: [TopicDelivery], updated: [TopicDelivery], held: [String],
        of line: SubscriberKey
    ) async -> Bool {
        while true {
            do throws(StorageFailure) {
                if !held.isEmpty {
                    try await subscriptions.hold(
                        line, messages: held, seconds: Subscriptions.tokenLifetimeSeconds)
                }
                try await outbox.settle(delivered: delivered, updated: updated)
                return true
            } catch {
                log.error("the outbox could not be written: \(error)")
                guard error.mayPass, !wake.isClosed else {
                    if !delivered.isEmpty { onUnwritten(error) }
                    return false
                }
                await pause.forMilliseconds(Self.afterFailureMilliseconds)
            }
        }
    }

    private typealias Outcome = (delivery: TopicDelivery, failure: PostFailure?)

    private func post(
        _ deliveries: [TopicDelivery], of line: SubscriberKey, to subscriber: Subscriber?
    ) async -> [Outcome] {
        guard !deliveries.isEmpty else { return [] }
        guard let subscriber else {
            let gone = PostFailure(.refused, "the topic has no such subscriber any more")
            return deliveries.map { ($0, gone) }
        }
        let messages: [SNSMessage]
        do {
            messages = try deliveries.map { try message($0, of: line, to: subscriber) }
        } catch {
            let unsigned = PostFailure(.refused, "it could not be signed: \(error)")
            return deliveries.map { ($0, unsigned) }
        }
        let poster = poster
        let results = await cancelWhenGracefulShutdown {
            await poster.post(messages, to: subscriber.endpoint)
        }
        return zip(deliveries, results).map { delivery, result in
            switch result {
            case .success: (delivery, nil)
            case .failure(let failure): (delivery, failure)
            }
        }
    }

    private func message(
        _ delivery: TopicDelivery, of line: SubscriberKey, to subscriber: Subscriber
    ) throws -> SNSMessage {
        let arn = topicARN(line.topic)
        guard subscriber.hasSubscription, let record = wishes.record(of: line) else {
            return SNSMessage(delivery, topicARN: arn)
        }
        return try SNSMessage(
            delivery, topicARN: arn, subscription: record, subscriber.signatureVersion, side)
    }

    /// The failed ones with the time of their next try; those behind an endpoint that cannot be
    /// reached wait as long as the one that found it so.
    private func postponed(
        _ outcomes: [Outcome], _ subscriber: Subscriber?
    ) -> [TopicDelivery] {
        var updated: [TopicDelivery] = []
        var nextTry: Timestamp?
        for (delivery, failure) in outcomes {
            guard let failure else { continue }
            if failure.kind == .notTried {
                var waiting = delivery
                waiting.nextAttemptAt =
                    nextTry
                    ?? time.now().advanced(
                        bySeconds: retries.firstDelaySeconds)
                updated.append(waiting)
                continue
            }
            let next = next(delivery, after: failure, subscriber)
            if next.state == .waiting { nextTry = next.nextAttemptAt }
            updated.append(next)
        }
        return updated
    }

    private func next(
        _ delivery: TopicDelivery, after failure: PostFailure, _ subscriber: Subscriber?
    ) -> TopicDelivery {
        var delivery = delivery
        delivery.attempts += 1
        delivery.lastError = failure.description
        let next = failure.kind == .final ? nil : nextTry(of: delivery, subscriber)
        if let next { delivery.nextAttemptAt = next } else { delivery.state = .dead }
        log.warning(
            "a message did not reach its subscriber",
            metadata: [
                "topic": "\(delivery.message.topic)", "subscriber": "\(delivery.subscriber)",
                "message": "\(delivery.message.id)", "attempt": "\(delivery.attempts)",
                "dead": "\(delivery.state == .dead)", "error": "\(failure)",
            ])
        return delivery
    }

    private func nextTry(of delivery: TopicDelivery, _ subscriber: Subscriber?) -> Timestamp? {
        let now = time.now()
        switch subscriber?.endpoint {
        case .file, nil:
            return retries.next(
                afterAttempt: delivery.attempts, firstAttemptAt: delivery.firstAttemptAt,
                now: now, random: random)
        case .web, .handler, .mail:
            let age = now.milliseconds - delivery.firstAttemptAt.milliseconds
            return subscriber?.policy.delaySeconds(
                afterAttempt: delivery.attempts, ageSeconds: age / 1_000
            ).map { now.advanced(bySeconds: $0) }
        }
    }
}
