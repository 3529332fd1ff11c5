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
    let connections: ConnectionTable
    let listeners: [SMTPListener]
    private let threads = NIOThreadPool(numberOfThreads: 16)
    private let group = MultiThreadedEventLoopGroup(
        numberOfThreads: max(1, min(4, System.coreCount / 2)))

    init(
        _ configuration: Configuration, _ surroundings: Surroundings, _ spool: SpoolParts,
        _ rules: RuleParts, _ actions: ActionParts
    ) throws {
        let ending = surroundings.ending
        let filters = AddressFilters(configuration.filters)
        flow = InboundFlow(
            settings: InboundSettings(
                hostname: configuration.hostname,
                receiptKey: try Self.receiptKey(configuration, surroundings.random),
                bodyFileThresholdBytes: configuration.spool.bodyFileThresholdBytes,
                headerBytesMax: configuration.inbound.headerBytesMax,
                hopsMax: configuration.inbound.hopsMax),
            filters: filters, identities: rules.identities,
            rules: rules.rules, store: spool.store, bodies: spool.bodies,
            threads: PoolThreads(pool: threads), room: spool.disk, queue: actions.queue,
            time: surroundings.time, random: surroundings.random,
            onSyncFailure: { ending.syncFailed($0) })
        connections = ConnectionTable(
            limits: Self.limits(configuration, surroundings), filters: filters)
        let service = SMTPListener.Service(
            settings: configuration.session, receiver: flow, log: surroundings.journal,
            connections: connections, tls: try Self.tlsContext(configuration))
        let group = group
        listeners = try configuration.listeners.map { listener in
            SMTPListener(
                address: try SocketAddress(ipAddress: listener.address, port: listener.port),
                service: service, group: group,
                drainSeconds: Int64(configuration.drainSeconds))
        }
        threads.start()
    }

    /// Throws `Server.Failure` with the address that could not be had.
    func bind(_ surroundings: Surroundings) async throws {
        for listener in listeners {
            let address = listener.address.ipAddress ?? ""
            do {
                try await listener.bind()
            } catch {
                throw Server.Failure(
                    listeningOn: address, port: listener.address.port ?? 0, error: error)
            }
            surroundings.log.notice(
                "listens",
                metadata: [
                    "address": "\(address)", "port": "\(listener.boundAddress?.port ?? 0)",
                ])
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
        let room = OpenFiles.connections(limit: OpenFiles.limit, used: OpenFiles.used)
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
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(key), attributes: [.posixPermissions: 0o600])
        else { throw Server.Failure(description: "\(path) cannot be written") }
        return key
    }

    private static func tlsContext(_ configuration: Configuration) throws -> NIOSSLContext? {
        guard configuration.tls.isOffered else { return nil }
        if let certificate = configuration.tls.certificate, let key = configuration.tls.key {
            do {
                return try Certificates.context(certificate: certificate, key: key)
            } catch {
                throw Server.Failure(description: "tls: \(certificate) and \(key): \(error)")
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
}
