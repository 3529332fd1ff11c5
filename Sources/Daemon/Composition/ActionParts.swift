import Actions
import Handlers
import MailFlow
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
    /// To be shut down, whatever happens.
    let web: WebPoster

    init(
        _ configuration: Configuration, _ surroundings: Surroundings, _ spool: SpoolParts,
        _ rules: RuleParts
    ) throws {
        let (time, random, wake) = (surroundings.time, surroundings.random, wake)
        let topics = TopicDirectory(configuration.topics)
        let handlers = try ProcessInvoker(
            programs: configuration.handlers,
            workFolder: "\(configuration.dataDirectory)/handlers",
            runningMax: configuration.handlersRunningMax, log: surroundings.mailLog)
        runner = ActionRunner(
            queue: queue, rules: rules.rules, store: spool.store, bodies: spool.bodies,
            actions: ReceiptActions(
                objects: spool.objects, invoker: handlers, topics: topics, bodies: spool.bodies,
                time: time, random: random, headerBytesMax: configuration.inbound.headerBytesMax),
            retries: configuration.retries, time: time, random: random,
            pause: surroundings.pause, log: surroundings.journal, onDeliveries: { wake.call() },
            handlersMax: configuration.handlersRunningMax)
        web = WebPoster()
        deliverer = TopicDeliverer(
            outbox: spool.store, directory: topics,
            poster: Posters(files: JSONLinesFiles(), web: web), retries: configuration.retries,
            time: time, random: random, wake: wake, log: surroundings.log,
            topicARN: SESRuleDocument.topicARN)
    }
}
