import Glibc
package import MailFlow
package import MailModel
package import NIOCore
import NIOPosix
package import NIOSSL
import SMTPProtocol
import ServiceLifecycle
import Synchronization

/// One listening socket and the sessions that came in by it.
package final class SMTPListener: ServiceLifecycle.Service {
    /// Told to every session when the process ends, and again when its time for that is over.
    struct ShutDown: Sendable {
        var isTimeOver = false
    }

    /// What all sessions of a server share.
    package struct Service: Sendable {
        package var settings: SessionSettings
        package var receiver: any MailReceiver
        package var log: any SessionLog
        package var connections: ConnectionTable
        package var traces: SessionTraces

        package init(
            settings: SessionSettings, receiver: any MailReceiver, log: any SessionLog,
            connections: ConnectionTable, traces: SessionTraces
        ) {
            self.settings = settings
            self.receiver = receiver
            self.log = log
            self.connections = connections
            self.traces = traces
        }
    }

    /// Where a listener is, and what comes before SMTP there.
    package struct Place: Sendable {
        package var address: SocketAddress
        /// Whether the TLS handshake comes before the greeting. RFC 8314 §3
        package var isImplicitTLS = false
        /// Who has to send the header of the PROXY protocol before everything else; nobody else may.
        package var proxies: [CIDRBlock] = []
        /// The context of a new handshake; nil: no TLS.
        package var tls: (@Sendable () -> NIOSSLContext)?

        package init(address: SocketAddress) {
            self.address = address
        }
    }

    package let place: Place
    private let service: Service
    private let group: any EventLoopGroup
    private let drainSeconds: Int64
    private static let proxyHeaderSeconds: Int64 = 10
    /// How long a connection whose last reply is sent waits for its peer to close.
    static let lingerSeconds: Int64 = 2
    private let connections = Mutex<[ObjectIdentifier: any Channel]>([:])
    private let socket = Mutex<(any Channel)?>(nil)

    /// When the process ends, sessions with a mail under way get `drainSeconds` to finish it.
    package init(
        at place: Place, service: Service, group: any EventLoopGroup, drainSeconds: Int64
    ) {
        self.place = place
        self.service = service
        self.group = group
        self.drainSeconds = drainSeconds
    }

    /// What waits to be accepted.
    private static let backlog: Int32 = 1024

    /// Listens on `bound`, a socket that is bound already and that this closes, or binds one at its
    /// address. Throws what the system says, before anything else of the process starts.
    package func bind(_ bound: CInt? = nil) async throws {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { [log = service.log] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause(log: log))
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 1024, initial: 4096, maximum: 65_536)
            )
            .childChannelInitializer { channel in self.initialise(channel) }
        let channel: any Channel
        if let bound {
            channel = try await bootstrap.withBoundSocket(bound).get()
            // It was told to listen before it was told of its backlog.
            listen(bound, Self.backlog)
        } else {
            channel = try await bootstrap.bind(to: place.address).get()
        }
        socket.withLock { $0 = channel }
    }

    /// Where it listens: the port that the system chose where 0 was asked for.
    package var boundAddress: SocketAddress? { socket.withLock { $0?.localAddress } }

    /// Until graceful shutdown; then no new mail, running ones finish, 421 to the rest.
    package func run() async throws {
        guard let channel = socket.withLock({ $0 }) else { return }
        try await withGracefulShutdownHandler {
            try await channel.closeFuture.get()
            try await drain()
            // Closed by the system: the end of a server is a failure then, and it is started anew.
            guard Task.isShuttingDownGracefully else {
                throw IOError(errnoCode: EBADF, reason: "a listening socket closed by itself")
            }
        } onGracefulShutdown: {
            channel.close(promise: nil)
        }
    }

    private func initialise(_ channel: any Channel) -> EventLoopFuture<Void> {
        // Without an address the peer has gone already.
        guard let address = channel.remoteAddress?.ipAddress.flatMap({ IPAddress($0) }) else {
            return channel.close()
        }
        let peer = SessionPeer(address: address.description)
        guard service.connections.enter(channel) else {
            service.log.happened(.ended(because: SMTPReplies.tooManyConnections), peer: peer)
            return channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(
                    refusal(SMTPReplies.tooManyConnections))
            }
        }
        let id = ObjectIdentifier(channel)
        connections.withLock { $0[id] = channel }
        channel.closeFuture.whenComplete { _ in
            _ = self.connections.withLock { $0.removeValue(forKey: id) }
        }
        return channel.eventLoop.makeCompletedFuture {
            guard place.proxies.contains(where: { $0.contains(address) }) else {
                return try self.begin(channel, address)
            }
            try channel.pipeline.syncOperations.addHandler(
                ProxyHeaderHandler(
                    proxy: peer, log: service.log, seconds: Self.proxyHeaderSeconds
                ) { try self.begin(channel, $0 ?? address) })
        }
    }

    /// Whom the connection is of is known: what serves it is put into its pipeline.
    private func begin(_ channel: any Channel, _ address: IPAddress) throws {
        let peer = SessionPeer(address: address.description)
        let pipeline = channel.pipeline.syncOperations
        if let reply = service.connections.enter(channel, of: address) {
            service.log.happened(.ended(because: reply), peer: peer)
            return try pipeline.addHandler(refusal(reply))
        }
        if place.isImplicitTLS, let tls = place.tls {
            try pipeline.addHandler(NIOSSLServerHandler(context: tls()))
        }
        try pipeline.addHandler(SMTPSessionHandler(service: service, place: place, peer: peer))
    }

    private func refusal(_ reply: SMTPReply) -> OneReplyHandler {
        OneReplyHandler(
            service.settings.role.wording(reply), isUnderTLS: place.isImplicitTLS,
            connections: service.connections)
    }

    private func drain() async throws {
        let open = connections.withLock { Array($0.values) }
        Self.tell(open, ShutDown())
        let timeout = group.any().scheduleTask(in: .seconds(drainSeconds)) {
            Self.tell(open, ShutDown(isTimeOver: true))
        }
        for channel in open { try? await channel.closeFuture.get() }
        timeout.cancel()
    }

    private static func tell(_ channels: [any Channel], _ event: ShutDown) {
        for channel in channels {
            channel.eventLoop.execute { channel.pipeline.fireUserInboundEventTriggered(event) }
        }
    }
}
