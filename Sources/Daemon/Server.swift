import Accounts
import Actions
import ControlPlane
import ControlSocket
import Documents
import Foundation
import Glibc
import Handlers
import InboundSMTP
import Logging
import MailFlow
import MailModel
import NIOCore
import NIOPosix
import NIOSSL
import ObjectStorage
package import RuleEngine
import SQLStorage
import SQLiteDriver
import ServiceLifecycle
import Storage
import Synchronization
import Topics
import UnixSignals
import WebPoster

/// The whole server, wired from its configuration. The only place that knows every part.
package struct Server {
    /// Why the server did not start, or did not end well; says what to do.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    private let configuration: Configuration
    private let log: Logger
    private let mailLog: Logger

    package init(configuration: Configuration) {
        self.configuration = configuration
        let level = Logger.Level(rawValue: configuration.logLevel) ?? .info
        let isJSON = configuration.isLogJSON
        func logger(_ label: String) -> Logger {
            Logger(label: label) { LineLogHandler(label: $0, level: level, isJSON: isJSON) }
        }
        log = logger("martlet")
        mailLog = logger("mail")
    }

    /// Serves until SIGTERM or SIGINT. Throws `Failure`, `StorageFailure` or what a socket says.
    package func run() async throws {
        // A handler or peer that went away is an error of a write, not our end.
        signal(SIGPIPE, SIG_IGN)
        let data = configuration.dataDirectory
        try Directories.create(data)
        let lock = try lockDataDirectory()
        defer { close(lock) }

        let time = SystemTime()
        let random = SystemRandom()
        let metrics = ServerMetrics()
        let journal = MailLog(log: mailLog, metrics: metrics)
        let ending = Ending()

        // Storage
        let bodies = try DirectoryBodyFiles(
            folder: "\(data)/spool/bodies", aside: "\(data)/spool/damaged")
        let store = try SQLStore(
            database: try SQLiteDatabase(
                path: "\(data)/spool/martlet.sqlite",
                synchronous: configuration.spool.isFullySynced ? .full : .normal),
            bodies: bodies, time: time, onSyncFailure: { ending.syncFailed($0) })
        defer { store.close() }
        try await SpoolRecovery(store: store, bodies: bodies, log: log).run()
        let objects = try DirectoryObjectStore(
            buckets: configuration.buckets.mapValues(\.directory),
            temporaryFolder: "\(data)/spool/objects",
            onSyncFailure: { ending.syncFailed($0) })
        let disk = try DiskGuard(bodies: bodies, freeBytesMin: configuration.spool.freeBytesMin)

        // Identities and rules
        let identities = IdentityDirectory(store: store)
        try await identities.reload()
        let rules = ActiveRules(store: store)
        let ruleFolder = RuleFolder(path: configuration.rulesDirectory)
        let ruleSets = RuleSets(
            files: ruleFolder, catalogue: configuration.catalogue,
            configuredActive: configuration.activeRuleSet, rules: rules, store: store, time: time)
        let problems = try await ruleSets.reload()
        guard problems.isEmpty else {
            throw Failure(description: problems.map(\.description).joined(separator: "\n"))
        }
        await putSetupObjects(rules.current.ruleSet, objects)

        // Actions
        let topics = TopicDirectory(configuration.topics)
        let wake = Wake()
        let web = WebPoster()
        let deliverer = TopicDeliverer(
            outbox: store, directory: topics,
            poster: Posters(files: JSONLinesFiles(), web: web), retries: configuration.retries,
            time: time, random: random, wake: wake, log: log,
            topicARN: SESRuleDocument.topicARN)
        let handlers = try ProcessInvoker(
            programs: configuration.handlers, workFolder: "\(data)/handlers",
            runningMax: configuration.handlersRunningMax, log: mailLog)
        let actions = ReceiptActions(
            objects: objects, invoker: handlers, topics: topics, bodies: bodies, time: time,
            random: random)
        let queue = ActionQueue()
        let runner = ActionRunner(
            queue: queue, rules: rules, store: store, bodies: bodies, actions: actions,
            retries: configuration.retries, time: time, random: random, pause: SystemPause(),
            log: journal, onDeliveries: { wake.call() },
            handlersMax: configuration.handlersRunningMax)

        // Receiving
        let threads = NIOThreadPool(numberOfThreads: 16)
        threads.start()
        let flow = InboundFlow(
            settings: InboundSettings(
                hostname: configuration.hostname, receiptKey: try receiptKey(random),
                bodyFileThresholdBytes: configuration.spool.bodyFileThresholdBytes,
                headerBytesMax: configuration.inbound.headerBytesMax,
                hopsMax: configuration.inbound.hopsMax),
            filters: AddressFilters(configuration.filters), identities: identities, rules: rules,
            store: store, bodies: bodies, threads: PoolThreads(pool: threads), room: disk,
            queue: queue, time: time, random: random,
            onSyncFailure: { ending.syncFailed($0) })
        let group = MultiThreadedEventLoopGroup(
            numberOfThreads: max(1, min(4, System.coreCount / 2)))
        let service = SMTPListener.Service(
            settings: configuration.session, receiver: flow, log: journal, tls: try tlsContext())
        let listeners = try configuration.listeners.map { listener in
            SMTPListener(
                address: try SocketAddress(ipAddress: listener.address, port: listener.port),
                service: service, group: group, connectionsMax: configuration.connectionsMax,
                drainSeconds: Int64(configuration.drainSeconds))
        }

        // Operation
        let control = ControlPlane(
            hostname: configuration.hostname, identities: identities, ruleSets: ruleSets,
            rules: rules, mails: store, outbox: store, bodies: bodies, time: time,
            onRelease: { wake.call() })
        let maintenance = Maintenance(
            configuration: configuration, store: store, bodies: bodies, disk: disk,
            rules: ruleSets, ruleFolder: ruleFolder, wake: wake, time: time,
            pause: SystemPause(), log: log)
        // Ended in reverse: first no new mail, then its actions, then what they said.
        var services: [any Service] = [
            deliverer, runner, maintenance,
            ControlServer(path: configuration.controlSocket, control: control, log: log),
            HangUp(rules: ruleSets, log: log),
        ]
        if let health = configuration.health {
            services.append(
                HealthServer(
                    address: health.address, port: health.port,
                    notReady: { notReady(flow, disk) },
                    metrics: {
                        await gauges(store, listeners, disk, metrics)
                    }, log: log))
        }
        services += listeners as [any Service]
        for listener in listeners {
            try await listener.bind()
            log.notice(
                "listens",
                metadata: [
                    "address": "\(listener.address.ipAddress ?? "")",
                    "port": "\(listener.boundAddress?.port ?? 0)",
                ])
        }
        log.notice(
            "serves",
            metadata: [
                "hostname": "\(configuration.hostname)",
                "rules": "\(rules.current.ruleSet.name)", "version": "\(rules.current.version)",
                "identities": "\(identities.records.count)",
            ])
        let serviceGroup = ServiceGroup(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: log)
        ending.whenSyncFails {
            flow.close()
            Task { await serviceGroup.triggerGracefulShutdown() }
        }
        try await serviceGroup.run()
        await web.shutdown()
        try await threads.shutdownGracefully()
        try await group.shutdownGracefully()
        log.notice("ended")
        if let failure = ending.failure {
            throw Failure(
                description: "\(failure). The disk did not keep what it was given: look at it, "
                    + "then start again; what was acknowledged is checked then.")
        }
    }
}

// MARK: - Steps of the start

extension Server {
    /// One server owns a data folder.
    private func lockDataDirectory() throws -> Int32 {
        let path = "\(configuration.dataDirectory)/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw Failure(
                description: "another server uses \(configuration.dataDirectory) "
                    + "(\(path): \(String(cString: strerror(errno))))")
        }
        return descriptor
    }

    private func receiptKey(_ random: SystemRandom) throws -> [UInt8] {
        let path = "\(configuration.dataDirectory)/receipt.key"
        if let data = FileManager.default.contents(atPath: path), data.count == 32 {
            return Array(data)
        }
        let key = random.bytes(32)
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(key), attributes: [.posixPermissions: 0o600])
        else { throw Failure(description: "\(path) cannot be written") }
        return key
    }

    private func tlsContext() throws -> NIOSSLContext? {
        guard configuration.tls.isOffered else { return nil }
        if let certificate = configuration.tls.certificate, let key = configuration.tls.key {
            do {
                return try Certificates.context(certificate: certificate, key: key)
            } catch {
                throw Failure(description: "tls: \(certificate) and \(key): \(error)")
            }
        }
        let folder = "\(configuration.dataDirectory)/tls"
        try Directories.create(folder)
        let certificate = "\(folder)/self-signed.pem"
        let key = "\(folder)/self-signed.key"
        try Certificates.makeSelfSigned(
            hostname: configuration.hostname, certificate: certificate, key: key)
        return try Certificates.context(certificate: certificate, key: key)
    }

    private func putSetupObjects(
        _ ruleSet: ReceiptRuleSet, _ objects: DirectoryObjectStore
    ) async {
        let buckets = configuration.buckets.filter(\.value.hasSetupObject).keys
        let results = await objects.put(SetupObjects.objects(of: ruleSet, in: Set(buckets)))
        for case .failure(let failure) in results {
            log.error("a setup object could not be written: \(failure)")
        }
    }

    @Sendable private func notReady(_ flow: InboundFlow, _ disk: DiskGuard) -> String? {
        guard flow.isOpen else { return "no mail is taken: the server is ending" }
        guard disk.hasRoom(forBytes: 0) else {
            return "no mail is taken: the disk has \(disk.freeBytes) bytes free"
        }
        return nil
    }

    @Sendable private func gauges(
        _ store: SQLStore, _ listeners: [SMTPListener], _ disk: DiskGuard,
        _ metrics: ServerMetrics
    ) async -> String {
        var gauges = [
            ("martlet_sessions", listeners.reduce(0) { $0 + $1.connectionCount }),
            ("martlet_spool_free_bytes", Int(disk.freeBytes)),
        ]
        do throws(StorageFailure) {
            let counts = try await store.counts()
            gauges += [
                ("martlet_mails{state=\"acting\"}", counts.acting),
                ("martlet_mails{state=\"held\"}", counts.held),
                ("martlet_mails{state=\"damaged\"}", counts.damaged),
                ("martlet_mails{state=\"untaken\"}", counts.untaken),
                ("martlet_actions_open{state=\"retrying\"}", counts.retryingActions),
                ("martlet_actions_open{state=\"dead\"}", counts.deadActions),
            ]
        } catch {
            log.error("mails could not be counted: \(error)")
        }
        return metrics.text(gauges: gauges)
    }
}

/// SIGHUP: reads the rules anew.
private struct HangUp: Service {
    let rules: RuleSets
    let log: Logger

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            do throws(StorageFailure) {
                try await Maintenance.reload(rules, log)
            } catch {
                log.error("the rules could not be reloaded: \(error)")
            }
        }
    }
}

/// Whether a sync failed: then the process takes no more mail and ends.
private final class Ending: Sendable {
    private struct State {
        var failure: StorageFailure?
        var action: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var failure: StorageFailure? { state.withLock { $0.failure } }

    func syncFailed(_ failure: StorageFailure) {
        state.withLock { state -> (@Sendable () -> Void)? in
            guard state.failure == nil else { return nil }
            state.failure = failure
            return state.action
        }?()
    }

    func whenSyncFails(_ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            state.action = action
            return state.failure != nil
        }
        if isLate { action() }
    }
}

extension Configuration {
    /// What rules may refer to.
    package var catalogue: RuleCatalogue {
        RuleCatalogue(
            buckets: buckets.keys.sorted(), handlers: handlers.map(\.name),
            topics: topics.keys.sorted())
    }
}
