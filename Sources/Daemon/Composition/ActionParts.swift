import Actions
import Handlers
import MailFlow
import NIOPosix
import ObjectStorage
import RuleEngine
import Topics
import WebPoster

/// What happens to a mail after its 250, and to the messages that come of it.
struct ActionParts {
    let queue = ActionQueue()
    let wake = Wake()
    let runner: ActionRunner
    let deliverer: TopicDeliverer

    init(
        _ configuration: Configuration, _ surroundings: Surroundings, _ spool: SpoolParts,
        _ rules: RuleParts, helper: HandlerHelper?
    ) throws {
        let (time, random, wake) = (surroundings.time, surroundings.random, wake)
        let topics = TopicDirectory(configuration.topics)
        let handlers = ProcessInvoker(
            helper: helper, runningMax: configuration.handlersRunningMax,
            log: surroundings.mailLog)
        runner = ActionRunner(
            queue: queue, rules: rules.rules, store: spool.store, bodies: spool.bodies,
            actions: ReceiptActions(
                objects: spool.objects, invoker: handlers, topics: topics, bodies: spool.bodies,
                time: time, random: random, headerBytesMax: configuration.inbound.headerBytesMax),
            retries: configuration.retries, time: time, random: random,
            pause: surroundings.pause, log: surroundings.journal, onDeliveries: { wake.call() },
            handlersMax: configuration.handlersRunningMax)
        deliverer = TopicDeliverer(
            outbox: spool.store, directory: topics,
            poster: try Self.posters(configuration, surroundings), retries: configuration.retries,
            time: time, random: random, wake: wake, log: surroundings.log,
            topicARN: SESRuleDocument.topicARN)
    }

    private static func posters(
        _ configuration: Configuration, _ surroundings: Surroundings
    ) throws -> Posters {
        let ending = surroundings.ending
        let client = try GuardedHTTPClient(
            addressGuard: configuration.http, resolve: SystemResolver.addresses)
        return Posters(
            files: JSONLinesFiles(
                threads: NIOThreadPool.singleton, onSyncFailure: { ending.syncFailed($0) }),
            web: WebPoster(client: client))
    }
}
