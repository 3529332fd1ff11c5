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
            while !wake.isClosed {
                var count = 0
                do throws(StorageFailure) {
                    count = try await deliverDue()
                } catch {
                    log.error("the outbox could not be read or written: \(error)")
                }
                if count < Self.batchMax { await wake.wait() }
            }
        } onGracefulShutdown: {
            self.wake.close()
        }
    }

    /// One round; says how many deliveries were due.
    package func deliverDue() async throws(StorageFailure) -> Int {
        let due = try await outbox.dueDeliveries(at: time.now(), limit: Self.batchMax)
        guard !due.isEmpty else { return 0 }
        let groups = Dictionary(grouping: due) { Group(delivery: $0) }
        var delivered: [TopicDelivery] = []
        var updated: [TopicDelivery] = []
        await withTaskGroup(of: [(TopicDelivery, PostFailure?)].self) { tasks in
            for (group, deliveries) in groups {
                tasks.addTask { await self.post(deliveries, of: group) }
            }
            for await outcomes in tasks {
                for (delivery, failure) in outcomes {
                    if let failure {
                        updated.append(next(delivery, after: failure))
                    } else {
                        delivered.append(delivery)
                    }
                }
            }
        }
        try await outbox.settle(delivered: delivered, updated: updated)
        return due.count
    }

    private struct Group: Hashable {
        let topic: String
        let subscriber: String

        init(delivery: TopicDelivery) {
            topic = delivery.message.topic
            subscriber = delivery.subscriber
        }
    }

    private func post(
        _ deliveries: [TopicDelivery], of group: Group
    ) async -> [(TopicDelivery, PostFailure?)] {
        guard let endpoint = directory.endpoint(of: group.subscriber, topic: group.topic) else {
            let gone = PostFailure("the configuration no longer names this subscriber")
            return deliveries.map { ($0, gone) }
        }
        let messages = deliveries.map { SNSMessage($0, topicARN: topicARN(group.topic)) }
        let results = await poster.post(messages, to: endpoint)
        return zip(deliveries, results).map { delivery, result in
            switch result {
            case .success: (delivery, nil)
            case .failure(let failure): (delivery, failure)
            }
        }
    }

    private func next(_ delivery: TopicDelivery, after failure: PostFailure) -> TopicDelivery {
        var delivery = delivery
        delivery.attempts += 1
        delivery.lastError = failure.description
        let next = retries.next(
            afterAttempt: delivery.attempts, firstAttemptAt: delivery.message.createdAt,
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
