import DNS
import DNSClient
import MailModel
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// The connection alone: what an answer means is `SignedUpdateTests`'. Both ends have a thread of
/// their own, so that nobody else's work takes the seconds that an answer has.
@Suite struct UpdateClientTests {
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    private static func client(port: Int) throws -> UpdateClient {
        let key = try #require(
            TSIGKey(
                name: Domain(validatedASCII: "martlet"), algorithm: .sha256,
                secret: Array(repeating: 1, count: 32)))
        let address = try #require(IPAddress("127.0.0.1"))
        return UpdateClient(
            NameServer(
                address: address, port: port, zone: Domain(validatedASCII: "service.example"),
                key: key), time: ManualTime(), random: CountingRandom(),
            group: Self.group)
    }

    private static func failure(port: Int) async throws -> ZoneUpdateFailure? {
        do {
            try await client(port: port).apply([])
            return nil
        } catch let failure as ZoneUpdateFailure {
            return failure
        }
    }

    /// At the near end of a connection nobody listens, and nobody else can while it is open.
    @Test func whoIsNotThereIsUnreachable() async throws {
        let listener = try await ServerBootstrap(group: Self.group)
            .bind(host: "127.0.0.1", port: 0).get()
        let other = try await ClientBootstrap(group: Self.group)
            .connect(to: try #require(listener.localAddress)).get()
        let failure = try await Self.failure(port: try #require(other.localAddress?.port))
        #expect(failure == .unreachable("Connection refused"))
        try await other.close()
        try await listener.close()
    }

    /// Each with what it does once it has been asked.
    @Test(arguments: [
        ([], ZoneUpdateFailure.unreachable("it closed the connection unanswered")),
        ([0, 12, 1], .unreachable("it closed the connection unanswered")),
        ([0, 0], .malformed),
        ([0, 2, 1, 2], .malformed),
    ])
    func whatIsNoAnswer(_ bytes: [UInt8], _ expected: ZoneUpdateFailure) async throws {
        let listener = try await ServerBootstrap(group: Self.group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answering(bytes))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        let failure = try await Self.failure(port: port)
        #expect(failure == expected)
        try await listener.close()
    }

    @Test func whoGivesUpDoesNotWait() async throws {
        let listener = try await ServerBootstrap(group: Self.group)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        let task = Task { try await Self.failure(port: port) }
        task.cancel()
        #expect(try await task.value == .timedOut)
        try await listener.close()
    }
}

/// Says `bytes` once something came, and closes.
private final class Answering: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }
}
