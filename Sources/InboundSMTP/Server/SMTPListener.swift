package import MailFlow
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

    /// What all sessions of a listener share.
    package struct Service: Sendable {
        package var settings: SessionSettings
        package var receiver: any MailReceiver
        package var log: any SessionLog
        package var tls: NIOSSLContext?

        package init(
            settings: SessionSettings, receiver: any MailReceiver, log: any SessionLog,
            tls: NIOSSLContext?
        ) {
            self.settings = settings
            self.receiver = receiver
            self.log = log
            self.tls = tls
        }
    }

    package let address: SocketAddress
    private let service: Service
    private let group: any EventLoopGroup
    private let connectionsMax: Int
    private let drainSeconds: Int64
    private let connections = Mutex<[ObjectIdentifier: any Channel]>([:])
    private let socket = Mutex<(any Channel)?>(nil)

    /// At most `connectionsMax` sessions at once; when the process ends, those with a mail under
    /// way get `drainSeconds` to finish it.
    package init(
        address: SocketAddress, service: Service, group: any EventLoopGroup, connectionsMax: Int,
        drainSeconds: Int64
    ) {
        self.address = address
        self.service = service
        self.group = group
        self.connectionsMax = connectionsMax
        self.drainSeconds = drainSeconds
    }

    /// Binds; throws what the system says, before anything else of the process starts.
    package func bind() async throws {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                // Without file descriptors left, accepting again and again would burn the loop.
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
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
        let channel = try await bootstrap.bind(to: address).get()
        socket.withLock { $0 = channel }
    }

    /// Where it listens: the port that the system chose where 0 was asked for.
    package var boundAddress: SocketAddress? { socket.withLock { $0?.localAddress } }

    package var connectionCount: Int { connections.withLock { $0.count } }

    /// Until graceful shutdown; then no new mail, running ones finish, 421 to the rest.
    package func run() async throws {
        guard let channel = socket.withLock({ $0 }) else { return }
        try await withGracefulShutdownHandler {
            try await channel.closeFuture.get()
            try await drain()
        } onGracefulShutdown: {
            channel.close(promise: nil)
        }
    }

    private func initialise(_ channel: any Channel) -> EventLoopFuture<Void> {
        let id = ObjectIdentifier(channel)
        let isAdmitted = connections.withLock { connections in
            guard connections.count < connectionsMax else { return false }
            connections[id] = channel
            return true
        }
        let peer = SessionPeer(address: channel.remoteAddress?.ipAddress ?? "")
        guard isAdmitted else {
            service.log.happened(.ended(because: SMTPReplies.tooManyConnections), peer: peer)
            let reply = ByteBuffer(string: SMTPReplies.tooManyConnections.wireText)
            return channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(OneReplyHandler(reply))
            }
        }
        channel.closeFuture.whenComplete { _ in
            _ = self.connections.withLock { $0.removeValue(forKey: id) }
        }
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
                SMTPSessionHandler(service: self.service, peer: peer))
        }
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

/// Says one thing and closes.
private final class OneReplyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let reply: ByteBuffer

    init(_ reply: ByteBuffer) {
        self.reply = reply
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(reply), promise: nil)
        context.close(promise: nil)
    }
}

/// The port to the mail log, as far as sessions go.
package protocol SessionLog: Sendable {
    func happened(_ event: SessionEvent, peer: SessionPeer)
    /// A reset, a failed handshake: nothing that was said in SMTP.
    func peerFailed(_ peer: SessionPeer, _ reason: String)
}
