package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore

/// How every HTTP listener of ours begins, and what bounds it: its connections, those of each
/// network, the time of each, and a request's head.
///
/// A connection carries one request and is closed with its answer, which does not wait for the
/// request's body; and it is closed after `connectionSecondsMax`, however busy.
package struct HTTPListener: Sendable {
    package static let connectionSecondsMax: Int64 = 15
    private static let headerFieldBytesMax = 4_096
    private static let headerBytesMax = 16_384
    private static let headersMax = 64

    private let name: String
    private let address: String
    private let port: Int
    private let connectionsMax: Int
    private let perNetworkMax: Int
    private let log: Logger

    /// Beyond `connectionsMax` connections wait with the kernel (NIO may accept three more in one
    /// go); beyond `perNetworkMax` of one network they are closed. `name`: for the log.
    package init(
        _ name: String, address: String, port: Int, connectionsMax: Int, perNetworkMax: Int,
        log: Logger
    ) {
        self.name = name
        self.address = address
        self.port = port
        self.connectionsMax = connectionsMax
        self.perNetworkMax = perNetworkMax
        self.log = log
    }

    /// Serves until the graceful end. Throws where it cannot listen.
    package func run(
        _ addRoutes: (Router<BasicRequestContext>) -> Void
    ) async throws {
        let router = Router()
        router.add(middleware: LastAnswer())
        addRoutes(router)
        // It would say beside us that it listens.
        var quietLog = log
        quietLog.logLevel = max(log.logLevel, .warning)
        let (name, address, port, log) = (name, address, port, log)
        let seats = NetworkSeats(perNetworkMax: perNetworkMax)
        let server = Application(
            router: router,
            server: HTTPServerBuilder { BoundedChannel(responder: $0, seats: seats) },
            configuration: ApplicationConfiguration(
                address: .hostname(address, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(connectionsMax)),
            onServerRunning: { channel in
                log.notice(
                    "\(name) listens",
                    metadata: [
                        "address": "\(address)", "port": "\(channel.localAddress?.port ?? port)",
                    ])
            }, logger: quietLog)
        try await server.run()
    }

    /// Hummingbird's connection, for one request and a time.
    private struct BoundedChannel: ServerChildChannel {
        private let http: HTTP1Channel
        private let seats: NetworkSeats

        init(responder: @escaping HTTPChannelHandler.Responder, seats: NetworkSeats) {
            self.seats = seats
            http = HTTP1Channel(
                responder: { request, writer, channel in
                    try await responder(request, writer, channel)
                    // Answers are small: the kernel has all of it.
                    channel.close(promise: nil)
                },
                configuration: HTTP1Channel.Configuration(
                    httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
                        maxHeaderFieldSize: headerFieldBytesMax,
                        maxHeaderListSize: headerBytesMax, maxHeaderFieldCount: headersMax)))
        }

        func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
            let hasSeat = seats.enter(channel)
            return http.setup(channel: channel, logger: logger).map { value in
                guard hasSeat else {
                    channel.close(promise: nil)
                    return value
                }
                let end = channel.eventLoop.scheduleTask(in: .seconds(connectionSecondsMax)) {
                    channel.close(promise: nil)
                }
                channel.closeFuture.whenComplete { _ in end.cancel() }
                return value
            }
        }

        func handle(value: HTTP1Channel.Value, logger: Logger) async {
            await http.handle(value: value, logger: logger)
        }
    }
}
