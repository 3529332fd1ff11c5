import Accounts
import Actions
import Handlers
import MailFlow
import MailModel
import ObjectStorage
import RequestSigning
import RuleEngine
import Topics
import WebPoster

/// What happens to a mail after its 250, and to the messages that come of it.
struct ActionParts {
    let queue = ActionQueue()
    let wake = Wake()
    /// Nil where the system has no database of content types.
    let guesser: (any ContentTypeGuesser)?
    /// Who takes in what comes back, and who sends, are nil where nothing is sent.
    let runner: @Sendable (FeedbackFlow?, OutboundFlow?) -> ActionRunner
    /// Who is asked before the 250.
    let sessionHandlers: SessionHandlers
    let deliverer: @Sendable (OutboundFlow?) -> TopicDeliverer
    /// Its workers are started and ended with the server.
    let handlers: ProcessInvoker
    let objects: Buckets
    let topics: TopicDirectory
    let subscriptions: Subscriptions
    /// Nil without a public side.
    let signingKey: NotificationKey?

    init(
        _ configuration: Configuration, _ surroundings: Surroundings, _ spool: SpoolParts,
        _ rules: RuleParts, _ judging: JudgingParts, _ credentials: Credentials?,
        helper: HandlerHelper?
    ) async throws {
        let (time, random, wake) = (surroundings.time, surroundings.random, wake)
        let guesser = ContentTypes.guesser()
        self.guesser = guesser
        topics = TopicDirectory(configuration.topics)
        signingKey = try Self.signingKey(configuration, surroundings)
        subscriptions = Subscriptions(
            store: spool.store, directory: topics, time: time, random: random,
            canConfirm: configuration.web != nil,
            canMail: configuration.sending.isEnabled
                && configuration.sending.topicsFrom != nil, log: surroundings.log,
            topicARN: SESRuleDocument.topicARN,
            onChange: { wake.call() })
        try await subscriptions.adopt()
        let handlers = try ProcessInvoker(
            helper: helper, runningMax: configuration.handlersRunningMax, time: time,
            log: surroundings.mailLog)
        self.handlers = handlers
        let client = try GuardedHTTPClient(
            addressGuard: configuration.http, resolve: SystemResolver.addresses)
        let poster = GuardedWebhookPoster(client: client)
        let invoker = EndpointInvoker(
            configuration.handlerEndpoints, poster: poster, time: time, others: handlers)
        let carrier = GuardedObjectCarrier(
            client: try GuardedHTTPClient(
                addressGuard: .open, resolve: SystemResolver.addresses))
        objects = Buckets(
            folders: spool.objects, endpoints: configuration.bucketEndpoints,
            keys: configuration.bucketKeys, carrier: carrier,
            time: time)
        var actions = ReceiptActions(
            objects: objects, invoker: invoker, topics: topics, bodies: spool.bodies,
            time: time, random: random, headerBytesMax: configuration.inbound.headerBytesMax)
        let ending = surroundings.ending
        actions.maildirs = Maildirs(
            configuration.maildirs,
            store: MaildirFolders(onSyncFailure: { ending.syncFailed($0) }),
            hostname: configuration.hostname, startedAt: time.now())
        actions.webhooks = Webhooks(
            configuration.webhooks, poster: poster,
            signer: Self.linkSigner(configuration, credentials))
        sessionHandlers = SessionHandlers(
            ask: { [actions] in await actions.ask($0, sessionWaits: $1) }, time: time,
            pause: surroundings.pause, log: surroundings.journal, executor: WorkThreads.actions)
        runner = { [queue, actions] feedback, outbound in
            var actions = actions
            actions.submitter = outbound
            return ActionRunner(
                queue: queue, rules: rules.rules, store: spool.store, bodies: spool.bodies,
                judge: judging.judge, feedback: feedback, actions: actions,
                retries: configuration.retries, time: time, random: random,
                pause: surroundings.pause, log: surroundings.journal,
                onDeliveries: { wake.call() }, onUnwritten: { ending.leftUnwritten($0) },
                guesser: guesser, handlersMax: configuration.handlersRunningMax,
                workers: configuration.workerProcessesByName,
                endpoints: configuration.handlerEndpoints.mapValues(\.postsMax),
                buckets: configuration.bucketEndpoints.mapValues(\.putsMax))
        }
        let side = Self.side(configuration, signingKey)
        deliverer = { [topics, subscriptions] outbound in
            let mail = configuration.sending.topicsFrom.flatMap { outbound?.topicPoster(from: $0) }
            return TopicDeliverer(
                outbox: spool.store, directory: topics, wishes: subscriptions,
                poster: Self.posters(client, invoker, mail: mail, surroundings), side: side,
                retries: configuration.retries, time: time, random: random,
                pause: surroundings.pause, wake: wake, log: surroundings.log,
                topicARN: SESRuleDocument.topicARN, onUnwritten: { ending.leftUnwritten($0) })
        }
    }

    private static func linkSigner(
        _ configuration: Configuration, _ credentials: Credentials?
    ) -> ObjectLinkSigner? {
        guard let credentials, let url = configuration.s3?.url else { return nil }
        return ObjectLinkSigner(
            credentials: credentials,
            links: PresignedLink(base: url, region: SESRuleDocument.region))
    }

    private static func signingKey(
        _ configuration: Configuration, _ surroundings: Surroundings
    ) throws -> NotificationKey? {
        guard let web = configuration.web else { return nil }
        let name =
            switch web.url.host {
            case .name(let name): name
            case .address(let address): address.description
            }
        return try NotificationKey(
            folder: "\(configuration.dataDirectory)/sns", name: name,
            now: surroundings.time.now())
    }

    private static func side(
        _ configuration: Configuration, _ key: NotificationKey?
    ) -> PublicSide? {
        guard let web = configuration.web, let key else { return nil }
        return PublicSide(url: String(web.url.description.dropLast()), signer: key)
    }

    private static func posters(
        _ client: GuardedHTTPClient, _ invoker: any FunctionInvoker,
        mail: (any MessagePoster)?, _ surroundings: Surroundings
    ) -> Posters {
        let ending = surroundings.ending
        return Posters(
            files: JSONLinesFiles(
                threads: WorkThreads.messages.pool, onSyncFailure: { ending.syncFailed($0) }),
            web: WebPoster(client: client), handlers: HandlerPoster(invoker: invoker),
            mail: mail)
    }
}
