import Accounts
import ControlPlane
import ControlSocket
import InboundSMTP
import Logging
import MailFlow
import MailModel
import PublicWeb
import SQLStorage
import ServiceLifecycle
import Storage
import Topics

/// What people and their tools ask of a running server.
struct OperationParts {
    let control: ControlServer
    /// Nil where nothing is sent.
    let submit: SubmitServer?
    let health: HealthServer?
    let web: PublicWebServer?
    let s3: S3Server?
    /// What is done by the clock, each by itself.
    let recurring: [Recurring]
    let reloads: RuleReloads

    init(
        _ configuration: Configuration, _ surroundings: Surroundings, _ spool: SpoolParts,
        _ rules: RuleParts, _ names: NameParts, _ actions: ActionParts,
        _ receiving: ReceivingParts, _ secrets: SecretParts?, _ sending: SendingParts?
    ) {
        let wake = actions.wake
        let facts = MailFactsReader(
            bodies: spool.bodies, returnPaths: sending?.returnPaths, guesser: actions.guesser)
        let replayer = Replayer(
            store: spool.store, bodies: spool.bodies,
            candidates: ReplayCandidates(
                store: spool.store, bodies: spool.bodies, rules: rules.rules, facts: facts,
                objects: actions.objects,
                mailBytesMax: configuration.session.limits.mailBytesMax),
            room: spool.disk, bodyFileThresholdBytes: configuration.spool.bodyFileThresholdBytes,
            time: surroundings.time, random: surroundings.random, log: surroundings.journal)
        let load = LoadGuard(
            configuration.load, store: spool.store, flow: receiving.flow,
            time: surroundings.time, metrics: surroundings.metrics, log: surroundings.log)
        let verifier = DomainVerifier(
            identities: rules.identities, resolver: names.counting,
            verification: names.verification, senders: sending?.identities,
            time: surroundings.time)
        let checks = IdentityChecks(verifier: verifier, log: surroundings.log)
        control = ControlServer(
            path: configuration.controlSocket,
            control: ControlPlane(
                hostname: configuration.hostname,
                identities: IdentityOperations(
                    directory: rules.identities, verification: names.verification,
                    verifier: verifier, senders: sending?.operations,
                    time: surroundings.time, random: surroundings.random),
                senders: sending?.operations,
                history: SendingHistory(store: spool.store, time: surroundings.time),
                accessKeys: secrets.map { AccessKeyOperations($0.credentials) },
                ruleSets: rules.ruleSets, rules: rules.rules,
                mails: spool.store,
                outbox: spool.store, bodies: spool.bodies,
                facts: facts, replayer: replayer,
                duties: receiving.flow.duties, time: surroundings.time,
                random: surroundings.random,
                topics: TopicOperations(
                    directory: actions.topics, subscriptions: actions.subscriptions),
                queue: actions.queue, traces: receiving.traces,
                backups: Backup(
                    BackupPlaces(configuration), store: spool.store, bodies: spool.bodies,
                    time: surroundings.time),
                onRelease: { wake.call() }),
            log: surroundings.log)
        submit = sending.flatMap { sending in
            receiving.submission.map { sending.submitServer(configuration, surroundings, $0) }
        }
        reloads = RuleReloads(
            rules: rules.ruleSets, folder: rules.folder, stamp: rules.stamp,
            log: surroundings.log)
        recurring =
            [surroundings.every(1_000, "the replay of mails") { try await replayer.turn() }]
            + Self.recurring(
                configuration, surroundings, spool, actions, reloads, checks,
                receiving.certificates, load, surroundings.clock)
            + (sending.map {
                Self.recurring(configuration, surroundings, spool, $0, checks, surroundings.clock)
            } ?? [])
            + (secrets.map { [Self.noteOfUses(surroundings, $0.credentials)] } ?? [])
        s3 = secrets.flatMap {
            S3Server(configuration, surroundings, spool, $0.credentials)
        }
        web = Self.web(configuration, surroundings, actions)
        let gauges = Gauges(
            store: spool.store, receiving: receiving, queue: sending?.queue, disk: spool.disk,
            load: load, metrics: surroundings.metrics, log: surroundings.log)
        let (flow, disk) = (receiving.flow, spool.disk)
        health = configuration.health.map { listener in
            HealthServer(
                address: listener.address, port: listener.port,
                connectionsMax: OpenFiles.httpConnections(
                    most: HealthServer.connectionsMax, limit: OpenFiles.limit),
                notReady: { Self.notReady(flow, disk, load) }, metrics: { await gauges.text() },
                log: surroundings.log)
        }
    }

    private static func recurring(
        _ configuration: Configuration, _ surroundings: Surroundings, _ spool: SpoolParts,
        _ actions: ActionParts, _ reloads: RuleReloads, _ checks: IdentityChecks,
        _ certificates: Certificates?, _ load: LoadGuard, _ clock: ClockWatch
    ) -> [Recurring] {
        let every = surroundings.every
        let (store, disk) = (spool.store, spool.disk)
        let (wake, key, subscriptions) = (
            actions.wake, actions.signingKey, actions.subscriptions
        )
        let (time, log) = (surroundings.time, surroundings.log)
        let stepSecondsMax = configuration.stepSecondsMax
        let retention = Retention(
            spool: configuration.spool, store: store, bodies: spool.bodies,
            time: time, clock: clock, log: log)
        return [
            every(1_000, "the look at the disk") { try disk.refresh() },
            every(1_000, "the look at the load") { try await load.look() },
            every(1_000, "the call for waiting messages") { wake.call() },
            every(1_000, "the reload of the rules") { try await reloads.reloadIfChanged() },
            every(5_000, "the look for domains' records") { try await checks.run() },
            every(1_000, "the look at the certificates") { certificates?.reload(all: false) },
            every(1_000, "the look at the spool's files") { try store.checkPlace() },
            every(2_000, "the checkpoint") { try store.checkpoint() },
            every(60_000, "retention") { try await retention.run() },
            every(3_600_000, "versions of rule sets") { try await retention.dropVersions() },
            every(60_000, "the look for a clock that was set back") {
                let now = time.now()
                let count = try await store.pullForward(
                    dueAfter: now.advanced(bySeconds: stepSecondsMax), to: now)
                guard count > 0 else { return }
                log.warning(
                    "the clock was set back; what was due later than any retry is due now",
                    metadata: ["mailsAndMessages": "\(count)"])
            },
            every(60_000, "the end of unconfirmed messages") {
                try await subscriptions.giveUpHeld()
            },
            every(1_000, "the release of held messages") { try await subscriptions.settleHeld() },
            every(60_000, "the look for messages that nobody finds") {
                try await store.setLostAside(limit: Subscriptions.heldBatchMax)
            },
            every(3_600_000, "the renewal of the signing certificate") {
                try key?.renew(at: time.now(), trusted: clock.trustedNow())
            },
        ]
    }

    /// What sending wants of the clock.
    private static func recurring(
        _ configuration: Configuration, _ surroundings: Surroundings, _ spool: SpoolParts,
        _ sending: SendingParts, _ identities: IdentityChecks, _ clock: ClockWatch
    ) -> [Recurring] {
        let every = surroundings.every
        let checks = SenderChecks(
            verifier: sending.verifier, identities: identities, log: surroundings.log)
        let (store, tlsResults) = (spool.store, sending.tlsResults)
        let days = Int64(configuration.spool.recordRetentionDays)
        var recurring = [
            every(5_000, "the look for the records of senders") {
                try await checks.run(trusted: clock.trustedNow())
            },
            every(60_000, "the record of TLS results") {
                try await tlsResults.write()
                guard let now = clock.trustedNow() else { return }
                try await store.expireTLSResults(
                    before: TLSResultCount.day(of: now) - TLSResultCount.daysKept)
            },
            every(60_000, "the end of records of sent mails") {
                guard let now = clock.trustedNow() else { return }
                let before = now.advanced(bySeconds: -days * 86_400)
                while try await store.expireSent(acceptedBefore: before, limit: 500) == 500 {}
                try await store.expireIdempotencyKeys(at: now)
            },
        ]
        if let keeper = sending.zone {
            let pushes = ServiceZonePushes(
                keeper: keeper, metrics: surroundings.metrics, log: surroundings.log)
            recurring.append(
                every(1_000, "the push of the service domain's records") { try await pushes.run() })
        }
        return recurring
    }

    private static func noteOfUses(
        _ surroundings: Surroundings, _ credentials: Credentials
    ) -> Recurring {
        surroundings.every(60_000, "the note of used access keys") {
            try await credentials.writeUses()
        }
    }

    private static func web(
        _ configuration: Configuration, _ surroundings: Surroundings, _ actions: ActionParts
    ) -> PublicWebServer? {
        guard let web = configuration.web, let key = actions.signingKey else { return nil }
        return PublicWebServer(
            address: web.listener.address, port: web.listener.port,
            connectionsMax: OpenFiles.httpConnections(
                most: PublicWebServer.connectionsMax, limit: OpenFiles.limit),
            subscriptions: actions.subscriptions, certificate: { key.pem(at: $0) },
            log: surroundings.log)
    }

    private static func notReady(
        _ flow: InboundFlow, _ disk: DiskGuard, _ load: LoadGuard
    ) -> String? {
        guard flow.isOpen else { return "no mail is taken: the server is ending" }
        guard disk.hasRoom(forBytes: 0) else {
            return "no mail is taken: the disk has \(disk.freeBytes) bytes free"
        }
        return load.cause.map { "no mail is taken: \($0.rawValue)" }
    }
}
