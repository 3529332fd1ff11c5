import Foundation
import InboundSMTP
import Logging
import MailFlow
import MailModel
import NIOCore
import NIOPosix
import NIOSSL
import ObjectStorage

/// Where mail comes in: the flow, and the listeners before it.
struct ReceivingParts {
    let flow: InboundFlow
    /// Nil where nothing is sent.
    let submission: SubmissionFlow?
    let connections: ConnectionTable
    let traces: SessionTraces
    let listeners: [SMTPListener]
    /// Nil where no listener has TLS.
    let certificates: Certificates?
    private let threads = NIOThreadPool(numberOfThreads: 16)
    let group = MultiThreadedEventLoopGroup(
        numberOfThreads: max(1, min(4, System.coreCount / 2)))

    init(
        _ configuration: Configuration, _ surroundings: Surroundings, _ spool: SpoolParts,
        _ rules: RuleParts, _ names: NameParts, _ judging: JudgingParts, _ actions: ActionParts,
        _ sending: SendingParts?
    ) throws {
        let filters = AddressFilters(configuration.filters)
        traces = SessionTraces(time: surroundings.time)
        flow = InboundFlow(
            settings: InboundSettings(
                hostname: configuration.hostname,
                receiptKey: try Self.receiptKey(configuration, surroundings.random),
                bodyFileThresholdBytes: configuration.spool.bodyFileThresholdBytes,
                headerBytesMax: configuration.inbound.headerBytesMax,
                hopsMax: configuration.inbound.hopsMax),
            filters: filters, peers: names.peers, identities: rules.identities,
            returnPaths: sending?.returnPaths, rules: rules.rules, store: spool.store,
            bodies: spool.bodies,
            threads: PoolThreads(pool: threads), room: spool.disk, queue: actions.queue,
            judge: SessionJudge(
                judging.judge,
                refusesFailedDMARC: configuration.authentication.isEnabled
                    && configuration.authentication.refusesFailedDMARC,
                facts: MailFactsReader(
                    bodies: spool.bodies, returnPaths: sending?.returnPaths,
                    guesser: actions.guesser), handlers: actions.sessionHandlers,
                executor: WorkThreads.actions),
            time: surroundings.time, random: surroundings.random,
            onFailure: { surroundings.spoolRefused($0) })
        connections = ConnectionTable(
            limits: Self.limits(configuration, surroundings), filters: filters)
        let (flow, connections, traces) = (flow, connections, traces)
        let submission = sending?.submission(
            configuration, surroundings, spool, threads: PoolThreads(pool: threads),
            filters: filters)
        self.submission = submission
        let service: @Sendable (SessionRole) -> SMTPListener.Service = { role in
            var settings = configuration.session
            settings.role = role
            settings.isTLSOffered = settings.isTLSOffered || role == .submission
            var receiver: any MailReceiver = flow
            if role == .submission, let submission {
                receiver = submission
                settings.limits.recipientsMax = min(
                    settings.limits.recipientsMax, OutboundFlow.recipientsMax)
            }
            return SMTPListener.Service(
                settings: settings, receiver: receiver, log: surroundings.journal,
                connections: connections, traces: traces)
        }
        certificates = try Self.certificates(configuration, surroundings)
        let group = group
        let certificates = certificates
        listeners = try configuration.listeners.enumerated().map { index, listener in
            SMTPListener(
                at: try Self.place(listener, index, certificates), service: service(listener.role),
                group: group,
                drainSeconds: Int64(configuration.drainSeconds))
        }
        threads.start()
    }

    /// Throws `Server.Failure` with the address that could not be had.
    func bind(_ sockets: [BoundSocket], _ surroundings: Surroundings) async throws {
        for (listener, socket) in zip(listeners, sockets) {
            let address = listener.place.address.ipAddress ?? ""
            do {
                try await listener.bind(socket.take())
            } catch {
                throw Server.Failure(
                    listeningOn: address, port: listener.place.address.port ?? 0, error: error)
            }
            var metadata: Logger.Metadata = [
                "address": "\(address)", "port": "\(listener.boundAddress?.port ?? 0)",
            ]
            if listener.place.isImplicitTLS { metadata["tls"] = "implicit" }
            surroundings.log.notice("listens", metadata: metadata)
        }
    }

    func shutdown() async throws {
        try await group.shutdownGracefully()
        try await threads.shutdownGracefully()
    }

    /// As configured, but no more connections than there are file descriptors for.
    private static func limits(
        _ configuration: Configuration, _ surroundings: Surroundings
    ) -> ConnectionLimits {
        var limits = configuration.connections
        let limit = OpenFiles.limit
        let room = OpenFiles.connections(
            limit: limit, used: OpenFiles.used,
            setAside: OpenFiles.setAside(limit: limit, for: configuration))
        if room < limits.connectionsMax {
            surroundings.log.warning(
                "fewer connections than limits.connectionsMax: raise the limit of open files",
                metadata: ["openFiles": "\(OpenFiles.limit)", "connections": "\(room)"])
            limits.connectionsMax = room
        }
        return limits
    }

    private static func receiptKey(
        _ configuration: Configuration, _ random: SystemRandom
    ) throws -> [UInt8] {
        let path = "\(configuration.dataDirectory)/receipt.key"
        if let data = FileManager.default.contents(atPath: path), data.count == 32 {
            return Array(data)
        }
        let key = random.bytes(32)
        try PrivateFile.write(Data(key), to: path)
        return key
    }

    private static func place(
        _ listener: Configuration.Listener, _ index: Int, _ certificates: Certificates?
    ) throws -> SMTPListener.Place {
        var place = SMTPListener.Place(
            address: try SocketAddress(ipAddress: listener.address, port: listener.port))
        place.isImplicitTLS = listener.isImplicitTLS
        place.proxies = listener.proxies
        if let certificates {
            place.tls = { certificates.context(ofListener: index) }
        }
        return place
    }

    private static func certificates(
        _ configuration: Configuration, _ surroundings: Surroundings
    ) throws -> Certificates? {
        guard
            configuration.tls.isOffered
                || configuration.listeners.contains(where: \.wantsCertificate)
        else { return nil }
        var files = configuration.tls.certificates
        if files.isEmpty {
            let folder = "\(configuration.dataDirectory)/tls"
            try Directories.create(folder)
            files = [
                CertificateFiles(
                    certificate: "\(folder)/self-signed.pem", key: "\(folder)/self-signed.key")
            ]
            try SelfSignedPair.make(hostname: configuration.hostname, at: files[0])
        }
        return try Certificates(
            files, listeners: configuration.listeners.count, log: surroundings.log,
            time: surroundings.time)
    }
}
