package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore

/// How every HTTP listener of ours begins, and what bounds it: its connections, those of each
/// network, the time of each, and a request's head.
package struct HTTPListener: Sendable {
    private static let headerFieldBytesMax = 4_096
    private static let headerBytesMax = 16_384
    private static let headersMax = 64

    /// How long connections live.
    package enum Life: Sendable {
        /// A connection carries one request and is closed with its answer, which does not wait for the
        /// request's body; and it is closed after `secondsMax`, however busy.
        case oneRequest(secondsMax: Int64 = 15)
        /// It may carry several, whose bodies are asked for where a client waits for that
        /// (RFC 9110 §10.1.1). It is closed where a request and its answer have not ended
        /// `requestSecondsMax` after its head, or the next head has not come `idleSecondsMax` after an
        /// answer.
        case kept(requestSecondsMax: Int64, idleSecondsMax: Int64)
    }

    private let name: String
    private let address: String
    private let port: Int
    private let connectionsMax: Int
    private let perNetworkMax: Int
    private let life: Life
    private let log: Logger

    /// Beyond `connectionsMax` connections wait with the kernel (NIO may accept three more in one
    /// go); beyond `perNetworkMax` of one network they are closed. `name`: for the log.
    package init(
        _ name: String, address: String, port: Int, connectionsMax: Int, perNetworkMax: Int,
        life: Life = .oneRequest(), log: Logger
    ) {
        self.name = name
        self.address = address
        self.port = port
        self.connectionsMax = connectionsMax
        self.perNetworkMax = perNetworkMax
        self.life = life
        self.log = log
    }

    /// Serves routes, a request a connection, until the graceful end. Throws where it cannot listen.
    package func run(
        _ addRoutes: (Router<BasicRequestContext>) -> Void
    ) async throws {
        let router = Router()
        router.add(middleware: LastAnswer())
        addRoutes(router)
        try await run(answering: router.buildResponder())
    }

    /// Serves until the graceful end. Throws where it cannot listen.
    package func run<Responder: HTTPResponder>(
        answering responder: Responder
    ) async throws
    where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
        // It would say beside us that it listens.
        var quietLog = log
        quietLog.logLevel = max(log.logLevel, .warning)
        let (name, address, port, life, log) = (name, address, port, life, log)
        let seats = NetworkSeats(perNetworkMax: perNetworkMax)
        let server = Application(
            responder: responder,
            server: HTTPServerBuilder { BoundedChannel(responder: $0, seats: seats, life: life) },
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

    /// Hummingbird's connection, for as long as its life is.
    private struct BoundedChannel: ServerChildChannel {
        struct Value: ServerChildChannelValue {
            let http: HTTP1Channel.Value
            let deadline: ConnectionDeadline

            var channel: any Channel { http.channel }
        }

        private let responder: HTTPChannelHandler.Responder
        private let seats: NetworkSeats
        private let life: Life

        init(
            responder: @escaping HTTPChannelHandler.Responder, seats: NetworkSeats, life: Life
        ) {
            self.responder = responder
            self.seats = seats
            self.life = life
        }

        func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
            let hasSeat = seats.enter(channel)
            let deadline = ConnectionDeadline(channel)
            return http(deadline).setup(channel: channel, logger: logger).map { value in
                if hasSeat {
                    deadline.set(seconds: life.firstSecondsMax)
                } else {
                    channel.close(promise: nil)
                }
                return Value(http: value, deadline: deadline)
            }
        }

        func handle(value: Value, logger: Logger) async {
            await http(value.deadline).handle(value: value.http, logger: logger)
        }

        private func http(_ deadline: ConnectionDeadline) -> HTTP1Channel {
            HTTP1Channel(
                responder: { [responder, life] request, writer, channel in
                    switch life {
                    case .oneRequest:
                        try await responder(request, writer, channel)
                        // Answers are small: the kernel has all of it.
                        channel.close(promise: nil)
                    case .kept(let requestSecondsMax, let idleSecondsMax):
                        deadline.set(seconds: requestSecondsMax)
                        if request.headers[.expect]?.lowercased() == "100-continue" {
                            try await writer.writeInformationalHead(
                                HTTPResponse(status: .continue))
                        }
                        try await responder(request, writer, channel)
                        // What is left of a body that nobody read ends by then, too.
                        deadline.set(seconds: idleSecondsMax)
                    }
                },
                configuration: HTTP1Channel.Configuration(
                    httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
                        maxHeaderFieldSize: headerFieldBytesMax,
                        maxHeaderListSize: headerBytesMax, maxHeaderFieldCount: headersMax)))
        }
    }
}

extension HTTPListener.Life {
    /// From the connection's beginning on.
    fileprivate var firstSecondsMax: Int64 {
        switch self {
        case .oneRequest(let secondsMax): secondsMax
        case .kept(_, let idleSecondsMax): idleSecondsMax
        }
    }
}
