package import Logging
package import MailModel
import ServiceLifecycle
package import Storage
import Synchronization

/// Takes messages from the outbox to their subscribers; what fails is tried again by the
/// schedule, then kept as a dead letter.
package final class TopicDeliverer: Service {
    private static let batchMax = 256

    private let outbox: any OutboxStore
    private let directory: TopicDirectory
    private let poster: any MessagePoster
    private let retries: RetrySchedule
    private let time: any TimeSource
    private let random: any RandomSource
    private let wake: Wake
    private let log: Logger
    private let topicARN: @Sendable (String) -> String
    /// Subscribers that are being delivered to.
    private let busy = Mutex<Set<SubscriberKey>>([])

    /// `topicARN` names a topic as SNS does.
    package init(
        outbox: any OutboxStore, directory: TopicDirectory, poster: any MessagePoster,
        retries: RetrySchedule, time: any TimeSource, random: any RandomSource, wake: Wake,
        log: Logger, topicARN: @escaping @Sendable (String) -> String
    ) {
        self.outbox = outbox
        self.directory = directory
        self.poster = poster
        self.retries = retries
        self.time = time
        self.random = random
        self.wake = wake
        self.log = log
        self.topicARN = topicARN
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
        let due = try await outbox.dueDeliveries(
            at: time.now(), limit: Self.batchMax, excluding: busy.withLock { $0 })
        let lines = Dictionary(grouping: due, by: \.subscriberKey)
        busy.withLock { $0.formUnion(lines.keys) }
        return lines
    }

    /// Each subscriber by itself: a slow one holds up nobody else.
    private func work(_ deliveries: [TopicDelivery], of line: SubscriberKey) async {
        let outcomes = await post(deliveries, of: line)
        let delivered = outcomes.filter { $0.failure == nil }.map(\.delivery)
        // What the end of the process broke off was no failure of the subscriber's.
        let updated = wake.isClosed ? [] : postponed(outcomes)
        do throws(StorageFailure) {
            try await outbox.settle(delivered: delivered, updated: updated)
            busy.withLock { _ = $0.remove(line) }
            wake.call()
        } catch {
            // They come again at somebody else's call, not at once.
            log.error("the outbox could not be written; messages may come again: \(error)")
            busy.withLock { _ = $0.remove(line) }
        }
    }

    private typealias Outcome = (delivery: TopicDelivery, failure: PostFailure?)

    private func post(_ deliveries: [TopicDelivery], of line: SubscriberKey) async -> [Outcome] {
        guard let endpoint = directory.endpoint(of: line.subscriber, topic: line.topic) else {
            let gone = PostFailure(.refused, "the configuration no longer names this subscriber")
            return deliveries.map { ($0, gone) }
        }
        let messages = deliveries.map { SNSMessage($0, topicARN: topicARN(line.topic)) }
        let poster = poster
        let results = await cancelWhenGracefulShutdown {
            await poster.post(messages, to: endpoint)
        }
        return zip(deliveries, results).map { delivery, result in
            switch result {
            case .success: (delivery, nil)
            case .failure(let failure): (delivery, failure)
            }
        }
    }

    /// The failed ones with the time of their next try; those behind an endpoint that cannot be
    /// reached wait as long as the one that found it so.
    private func postponed(_ outcomes: [Outcome]) -> [TopicDelivery] {
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
            let next = next(delivery, after: failure)
            if next.state == .waiting { nextTry = next.nextAttemptAt }
            updated.append(next)
        }
        return updated
    }

    private func next(_ delivery: TopicDelivery, after failure: PostFailure) -> TopicDelivery {
        var delivery = delivery
        delivery.attempts += 1
        delivery.lastError = failure.description
        let next =
            failure.kind == .final
            ? nil
            : retries.next(
                afterAttempt: delivery.attempts, firstAttemptAt: delivery.firstAttemptAt,
                now: time.now(), random: random)
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
}
