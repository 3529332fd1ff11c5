import Accounts
import ControlPlane
import ControlSocket
import DNSClient
import DeliveryQueue
import Foundation
import InboundSMTP
import Logging
import MailFlow
import MailModel
import NIOCore
import NIOPosix
import ObjectStorage
import OutboundSMTP
import RuleEngine
import SQLStorage
import Storage
import Topics

/// How mails leave: who may send, as whom, the queue, and who takes them to their next hops.
struct SendingParts {
    let credentials: Credentials
    let identities: SendingIdentities
    let records: SendingRecords
    let setup: SenderSetup
    let verifier: SendingVerifier
    /// Nil where no name server takes the service domain's records from us.
    let zone: ServiceZoneKeeper?
    let queue: DeliveryQueue
    let outbound: OutboundFlow
    let operations: SenderOperations
    let returnPaths: ReturnPaths
    let feedback: FeedbackFlow
    let tlsResults: TLSResultRecord
    private let courier: SMTPCourier
    private let group = MultiThreadedEventLoopGroup(
        numberOfThreads: max(1, min(4, System.coreCount / 2)))

    init(
        _ configuration: Configuration, _ surroundings: Surroundings, _ spool: SpoolParts,
        _ rules: RuleParts, _ names: NameParts, _ judging: JudgingParts, _ actions: ActionParts,
        _ secrets: SecretParts
    ) async throws {
        let sending = configuration.sending
        let (time, random, store) = (surroundings.time, surroundings.random, spool.store)
        let maker = secrets.maker
        let hostname = Domain(validatedASCII: configuration.hostname)
        credentials = secrets.credentials
        identities = secrets.identities
        records = SendingRecords(serviceDomain: sending.serviceDomain, hostname: hostname)
        setup = SenderSetup(identities: identities, maker: maker, time: time)
        verifier = SendingVerifier(
            identities: identities, resolver: names.counting, maker: maker, records: records,
            inFlightSecondsMax: OutboundFlow.inFlightSecondsMax(sending.retries), time: time)
        let updates = sending.nameServer.map { [group] in
            UpdateClient($0, time: time, random: random, group: group)
        }
        zone = updates.map { [records, identities] in
            ServiceZoneKeeper(
                records: records, identities: identities, store: store, updater: $0, time: time)
        }
        var settings = SendingSettings(
            hostname: hostname, region: SESRuleDocument.region,
            accountNumber: SESRuleDocument.account,
            returnDomain: sending.serviceDomain ?? hostname,
            messageIDDomain: sending.serviceDomain ?? hostname)
        settings.keepsMessageID = sending.keepsMessageID
        settings.headerBytesMax = configuration.inbound.headerBytesMax
        settings.eventsTopic = sending.eventsTopic
        for pool in sending.pools {
            for set in pool.configurationSets { settings.pools[set] = pool.name }
        }
        settings.simulator = MailboxSimulator(under: settings.returnDomain)
        settings.onUnsignable = { [log = surroundings.log] domain, reason in
            log.error(
                "a mail cannot be signed, and is not taken",
                metadata: ["domain": "\(domain)", "error": "\(reason)"])
        }
        let routes = Self.routes(sending)
        let plans = sending.retries
        let tokens = ReturnPathToken.Key(secrets.root)
        let office = SendingOffice(
            settings: settings, senders: identities, tokens: tokens, topics: actions.topics,
            routes: routes, plans: plans, time: time, random: random)
        returnPaths = ReturnPaths(
            tokens: tokens, domains: [settings.returnDomain, hostname], identities: identities)
        let wake = actions.wake
        feedback = FeedbackFlow(
            returnPaths: returnPaths, office: office, store: store, bodies: spool.bodies,
            log: surroundings.journal, onDeliveries: { wake.call() })
        let (ours, returnPaths) = (rules.identities, returnPaths)
        let tlsResults = TLSResultRecord(
            metrics: surroundings.metrics, store: store, time: time)
        self.tlsResults = tlsResults
        courier = try Self.courier(
            configuration, sending, surroundings, names, results: tlsResults, group: group,
            receives: { ours.covers($0) || returnPaths.takes($0) })
        let queue = DeliveryQueue(
            limits: DeliveryLimits(
                triesMax: Self.tries(sending, surroundings), paces: sending.paces),
            store: store, bodies: spool.bodies, courier: Self.simulating(settings, courier),
            office: office, routes: routes, plans: plans, time: time, random: random,
            pause: surroundings.pause, log: surroundings.journal, executor: WorkThreads.deliveries,
            wasClockSet: { [clock = surroundings.clock] in clock.wasSet() },
            onUnwritten: { [ending = surroundings.ending] in ending.leftUnwritten($0) },
            onDeliveries: { wake.call() })
        try await queue.learn()
        self.queue = queue
        operations = SenderOperations(
            suppressions: SuppressionOperations(store: store, time: time),
            sentMails: SentMailOperations(store: store, queue: queue, time: time),
            tlsResults: TLSResultOperations(store: store, time: time) {
                () async throws(StorageFailure) in try await tlsResults.write()
            },
            identities: identities, setup: setup, verifier: verifier, records: records,
            zoneKeeper: zone)
        outbound = OutboundFlow(
            settings: settings, identities: rules.identities, senders: identities, office: office,
            store: store, bodies: spool.bodies, routes: routes, plans: plans,
            virusScanner: judging.virusScanner, executor: WorkThreads.submissions, time: time,
            random: random,
            onFailure: { surroundings.spoolRefused($0) },
            onAccepted: { sending in
                queue.offer(sending)
                if !sending.deliveries.isEmpty { wake.call() }
            })
    }

    func submission(
        _ configuration: Configuration, _ surroundings: Surroundings, _ spool: SpoolParts,
        threads: any BlockingThreads, filters: AddressFilters
    ) -> SubmissionFlow {
        SubmissionFlow(
            logins: Logins(
                credentials: credentials,
                failuresPerMinuteMax: configuration.connections.failedLoginsPerMinuteMax,
                filters: filters, time: surroundings.time),
            outbound: outbound,
            settings: InboundSettings(
                hostname: configuration.hostname, receiptKey: [],
                bodyFileThresholdBytes: configuration.spool.bodyFileThresholdBytes,
                headerBytesMax: configuration.inbound.headerBytesMax),
            bodies: spool.bodies, threads: threads, room: spool.disk, time: surroundings.time,
            random: surroundings.random, onFailure: { surroundings.spoolRefused($0) })
    }

    /// Where programs of this machine submit.
    func submitServer(
        _ configuration: Configuration, _ surroundings: Surroundings, _ flow: SubmissionFlow
    ) -> SubmitServer {
        let socket = configuration.sending.submitSocket
        return SubmitServer(
            path: configuration.submitSocket,
            group: socket.group.map { SubmitServer.Group(name: $0.name, id: $0.id) },
            domain: socket.domain ?? Domain(validatedASCII: configuration.hostname),
            limits: SubmitLimits(mailBytesMax: configuration.session.limits.mailBytesMax),
            flow: flow, userName: { UserEntry(id: $0)?.name }, log: surroundings.journal)
    }

    func shutdown() async throws {
        courier.close()
        try await group.shutdownGracefully()
        // Where the store has failed, the server's end says so.
        try? await tlsResults.write()
    }

    private static let smartHost = "smart host"

    private static func routes(_ sending: Configuration.Sending) -> RouteTable {
        // No domain and no relay is called so: it has a blank.
        let named = sending.namedRelays.merging(
            sending.smartHost.map { [smartHost: $0] } ?? [:], uniquingKeysWith: { own, _ in own })
        return RouteTable(
            relays: sending.relays.merging(named, uniquingKeysWith: { own, _ in own }),
            smartHost: sending.smartHost.map { _ in smartHost },
            byDomain: Dictionary(uniqueKeysWithValues: sending.relays.keys.map { ($0, $0) }))
    }

    private static func simulating(
        _ settings: SendingSettings, _ courier: SMTPCourier
    ) -> any Courier {
        settings.simulator.map { SimulatingCourier($0, next: courier) } ?? courier
    }

    /// As configured, but no more tries at once than there are file descriptors for.
    private static func tries(
        _ sending: Configuration.Sending, _ surroundings: Surroundings
    ) -> Int {
        let tries = OpenFiles.sending(most: sending.triesMax, limit: OpenFiles.limit)
        if tries < sending.triesMax {
            surroundings.log.warning(
                "fewer tries at once than delivery.triesMax: raise the limit of open files",
                metadata: ["openFiles": "\(OpenFiles.limit)", "tries": "\(tries)"])
        }
        return tries
    }

    private static func courier(
        _ configuration: Configuration, _ sending: Configuration.Sending,
        _ surroundings: Surroundings, _ names: NameParts, results: TLSResultRecord,
        group: MultiThreadedEventLoopGroup,
        receives: @escaping @Sendable (Domain) -> Bool
    ) throws -> SMTPCourier {
        var settings = DeliverySettings(hello: configuration.hostname)
        settings.port = sending.port
        settings.limits.idleConnectionsMax = OpenFiles.sending(
            most: settings.limits.idleConnectionsMax, limit: OpenFiles.limit)
        if !sending.addresses.isEmpty { settings.pools[""] = sending.addresses }
        for pool in sending.pools { settings.pools[pool.name] = pool.addresses }
        settings.ourselves.addresses = Set(settings.pools.values.joined().map(\.address))
        settings.allowsPrivateAddresses = sending.allowsPrivateAddresses
        settings.ourselves.names = [Domain(validatedASCII: configuration.hostname)]
        settings.ourselves.receives = receives
        return try SMTPCourier(
            settings, resolver: names.counting, random: surroundings.random,
            time: surroundings.time, fetcher: try GuardedPolicyFetcher(configuration.http),
            results: results, group: group)
    }
}
