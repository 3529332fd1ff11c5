import Glibc
import MailModel
import NIOCore
import NIOPosix
import NIOSSL

/// Opens connections, or takes one that waits.
struct Connector: Sendable {
    let settings: DeliverySettings
    let cache: ConnectionCache
    let handshakes: TLSHandshakes
    private let group: any EventLoopGroup
    /// What connections from these addresses say they are.
    private let hellos: [IPAddress: String]

    /// Throws what is wrong with the trust roots.
    init(_ settings: DeliverySettings, group: any EventLoopGroup) throws {
        self.settings = settings
        self.group = group
        hellos = Dictionary(
            settings.pools.values.joined().compactMap { place in
                place.hello.map { (place.address, $0) }
            }, uniquingKeysWith: { first, _ in first })
        cache = ConnectionCache(connectionsMax: settings.limits.idleConnectionsMax)
        handshakes = try TLSHandshakes(trustRoots: settings.trustRoots)
    }

    /// Linux's `IP_BIND_ADDRESS_NO_PORT`: a connection from an address of a pool gets its port when
    /// it is made, so that one port serves many destinations at once.
    private static let bindWithoutPort = NIOBSDSocket.Option(rawValue: 24)

    /// One that was kept and is open, as far as we know.
    func waiting(for key: SMTPConnection.Key) -> SMTPConnection? { cache.take(key) }

    /// A new one, on which a mail can be sent. A cancelled task waits no longer.
    func open(_ key: SMTPConnection.Key) async throws(SessionFailure) -> SMTPConnection {
        let loop = group.next()
        let opened = loop.makePromise(of: Void.self)
        let result = loop.makePromise(of: SMTPConnection.self)
        let channel = connect(key, on: loop, opened)
        channel.whenFailure {
            opened.fail(Self.failure($0, key))
        }
        opened.futureResult.and(channel).flatMapThrowing { _, channel in
            try Self.connection(key, channel)
        }.cascade(to: result)
        do {
            return try await withTaskCancellationHandler {
                try await result.futureResult.get()
            } onCancel: {
                result.fail(SessionFailure(.connecting, .cancelled))
                channel.whenSuccess { $0.close(promise: nil) }
            }
        } catch let failure as SessionFailure {
            throw failure
        } catch {
            throw Self.failure(error, key)
        }
    }

    private static func failure(
        _ error: any Error, _ key: SMTPConnection.Key
    ) -> SessionFailure {
        let code = (error as? IOError)?.errnoCode
        if let local = key.local, code == EADDRNOTAVAIL {
            return SessionFailure(.connecting, .addressMissing(local))
        }
        if code == EMFILE || code == ENFILE { return SessionFailure(.connecting, .noDescriptor) }
        return SessionFailure(.connecting, .lost(ConnectionFailure.reason(error)))
    }

    /// On the loop.
    private static func connection(
        _ key: SMTPConnection.Key, _ channel: any Channel
    ) throws -> SMTPConnection {
        let handler = try channel.pipeline.syncOperations.handler(type: ConnectionHandler.self)
        let connection = SMTPConnection(
            key, localAddress: channel.localAddress?.ipAddress.flatMap { IPAddress($0) },
            NIOLoopBound(handler, eventLoop: channel.eventLoop))
        handler.begin(connection)
        return connection
    }

    private func connect(
        _ key: SMTPConnection.Key, on loop: any EventLoop, _ opened: EventLoopPromise<Void>
    ) -> EventLoopFuture<any Channel> {
        let session = session(for: key)
        let (handshakes, cache, limits) = (handshakes, cache, settings.limits)
        var bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.seconds(limits.connectSeconds))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.ipOption(Self.bindWithoutPort), value: 1)
            .channelOption(
                .writeBufferWaterMark,
                value: .init(low: 65_536, high: 4 * ContentFeed.pieceBytesMax)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = ConnectionHandler(
                        session, cache: cache, idleSeconds: limits.idleSeconds, opened: opened
                    ) { finding in
                        try handshakes.handler(key.tls, host: key.host, finding)
                    }
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        do {
            if let local = key.local {
                bootstrap = bootstrap.bind(to: try SocketAddress(ipAddress: "\(local)", port: 0))
            }
            return bootstrap.connect(
                to: try SocketAddress(ipAddress: "\(key.address)", port: key.port))
        } catch {
            return loop.makeFailedFuture(error)
        }
    }

    private func session(for key: SMTPConnection.Key) -> SessionSettings {
        SessionSettings(
            hello: key.local.flatMap { hellos[$0] } ?? settings.hello, transport: key.transport,
            tls: key.tls.use, login: key.login,
            limits: settings.limits.session, mailsMax: settings.limits.connectionMailsMax)
    }
}
