import MailModel
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing
import WebPoster

/// H2, H3: peers that hold an exchange up, or would have us read for ever. Time is in the test's
/// hands: it passes when the peer has done all that it does.
@Suite(.timeLimit(.minutes(1))) struct HTTPDeadlineTests {
    struct Slow: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var scheme = "http"
        /// What the peer says to the request, in one write each, and then nothing.
        var says: [String] = []
        let failure: String
    }

    static let slow = [
        Slow(
            testDescription: "never answers",
            failure: "waiting for the answer took more than 15 s"),
        Slow(
            testDescription: "drips its head", says: ["H", "TTP/1.1 2", "00 OK\r\nX: y", "\r\nZ"],
            failure: "waiting for the answer took more than 15 s"),
        Slow(
            testDescription: "drips its body",
            says: ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "a", "b", "c"],
            failure: "waiting for the answer took more than 15 s"),
        Slow(
            testDescription: "says that it goes on",
            says: Array(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 200),
            failure: "waiting for the answer took more than 15 s"),
        Slow(
            testDescription: "never shakes hands", scheme: "https",
            failure: "took more than 5 s"),
    ]

    @Test(arguments: slow)
    func waitsNoLonger(_ slow: Slow) async throws {
        let peer = try await RawPeer { channel in
            for text in slow.says { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
        }
        let clock = ManualRest()
        let client = try client(clock)
        let url = try WebURL(parsing: "\(slow.scheme)://127.0.0.1:\(peer.port)/")
        async let answers = client.post(
            [HTTPPost(headers: [], body: []), HTTPPost(headers: [], body: [])], to: url)
        // It was heard, and has said what it says.
        await peer.untilHeard()
        await clock.pass()
        let failures = await answers
        #expect(failures.count == 1)
        guard case .failure(.failed(let reason))? = failures.first else {
            Issue.record("\(failures)")
            return
        }
        #expect(reason.hasSuffix(slow.failure))
        await peer.untilClosed()
        try await peer.end()
    }

    @Test func waitsAsLongAsItIsTold() async throws {
        let peer = try await RawPeer { _ in }
        let clock = ManualRest()
        let client = try client(clock)
        let url = try WebURL(parsing: "http://127.0.0.1:\(peer.port)/")
        async let answer = client.post(HTTPPost(headers: [], body: []), to: url, seconds: 40)
        await peer.untilHeard()
        await clock.pass()
        let failure = await answer
        #expect(failure == .failure(.failed("waiting for the answer took more than 40 s")))
        await peer.untilClosed()
        try await peer.end()
    }

    @Test func aLookUpEnds() async throws {
        let clock = ManualRest()
        let client = try GuardedHTTPClient(
            addressGuard: AddressGuard(), rest: { try await clock.rest($0) }
        ) { _ in
            let (never, _) = AsyncStream<Void>.makeStream()
            for await _ in never {}
            throw CancellationError()
        }
        let url = try WebURL(parsing: "http://a.example/")
        async let answers = client.post([HTTPPost(headers: [], body: [])], to: url)
        await clock.pass()
        let failures = await answers
        #expect(failures == [.failure(.failed("looking up a.example took more than 15 s"))])
    }

    struct Endless: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let head: String
        /// Said again and again, until nobody listens.
        let piece: String
        let isTaken: Bool
    }

    static let endless = [
        Endless(
            testDescription: "body",
            head: "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            piece: String(repeating: "x", count: 4_096), isTaken: true),
        Endless(
            testDescription: "chunks",
            head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            piece: "1000\r\n" + String(repeating: "x", count: 4_096) + "\r\n", isTaken: true),
        Endless(
            testDescription: "body without a length", head: "HTTP/1.1 200 OK\r\n\r\n",
            piece: String(repeating: "x", count: 4_096), isTaken: true),
        Endless(
            testDescription: "header fields", head: "HTTP/1.1 200 OK\r\n",
            piece: "X-Field: \(String(repeating: "y", count: 100))\r\n", isTaken: false),
        Endless(
            testDescription: "one header field", head: "HTTP/1.1 200 OK\r\nX-Field: ",
            piece: String(repeating: "y", count: 4_096), isTaken: false),
        Endless(
            testDescription: "status line", head: "HTTP/1.1 200 ",
            piece: String(repeating: "y", count: 4_096), isTaken: false),
    ]

    /// No time passes: the amount alone ends it.
    @Test(arguments: endless)
    func readsNoFurther(_ endless: Endless) async throws {
        let peer = try await RawPeer { channel in
            channel.writeAndFlush(ByteBuffer(string: endless.head), promise: nil)
            Self.write(endless.piece, to: channel)
        }
        let client = try client(ManualRest())
        let url = try WebURL(parsing: "http://127.0.0.1:\(peer.port)/")
        let answer = await client.post([HTTPPost(headers: [], body: [])], to: url).first
        if endless.isTaken {
            #expect(answer == .success(200))
        } else {
            guard case .failure(.failed)? = answer else {
                Issue.record("\(String(describing: answer))")
                return
            }
        }
        await peer.untilClosed()
        try await peer.end()
    }

    private static func write(_ piece: String, to channel: any Channel) {
        channel.writeAndFlush(ByteBuffer(string: piece)).whenSuccess {
            channel.eventLoop.execute { write(piece, to: channel) }
        }
    }

    // MARK: Bodies in pieces

    private static let piece = ByteBuffer(repeating: 0x78, count: 65_536)

    /// What has an answer already is not sent any further.
    @Test func anAnswerEndsARequest() async throws {
        let peer = try await RawPeer { channel in
            channel.writeAndFlush(
                ByteBuffer(string: "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
                promise: nil)
        }
        let client = try client(ManualRest())
        let url = try WebURL(parsing: "http://127.0.0.1:\(peer.port)/")
        let answer = await client.put(
            HTTPPut(headers: [], length: .max) { _ in Self.piece }, to: url, seconds: 60)
        #expect(answer == .success(HTTPAnswer(status: 403, mediaType: nil, body: [])))
        await peer.untilClosed()
        try await peer.end()
    }

    /// The peer takes the head and reads no further: the next piece is not asked for.
    @Test func whoDoesNotReadIsNotWaitedFor() async throws {
        let peer = try await RawPeer { channel in
            channel.setOption(.autoRead, value: false).whenFailure { Issue.record("\($0)") }
        }
        let clock = ManualRest()
        let client = try client(clock)
        let url = try WebURL(parsing: "http://127.0.0.1:\(peer.port)/")
        let asked = Mutex(0)
        async let answer = client.put(
            HTTPPut(headers: [], length: .max) { _ in
                asked.withLock { $0 += 1 }
                return Self.piece
            }, to: url, seconds: 40)
        await peer.untilHeard()
        await clock.pass()
        let failure = await answer
        #expect(failure == .failure(.failed("waiting for the answer took more than 40 s")))
        // No more than what two sockets hold.
        #expect(asked.withLock { $0 } < 1_000)
        try await peer.end()
    }

    @Test func aBodyThatFailsEndsARequest() async throws {
        let peer = try await RawPeer { _ in }
        let client = try client(ManualRest())
        let url = try WebURL(parsing: "http://127.0.0.1:\(peer.port)/")
        let answer = await client.put(
            HTTPPut(headers: [], length: 200_000) { index in
                if index > 1 { throw HTTPFailure.failed("the disk is gone") }
                return Self.piece
            }, to: url, seconds: 60)
        #expect(answer == .failure(.failed("the disk is gone")))
        await peer.untilClosed()
        try await peer.end()
    }

    private func client(_ clock: ManualRest) throws -> GuardedHTTPClient {
        try GuardedHTTPClient(
            addressGuard: AddressGuard(allowed: [CIDRBlock("127.0.0.0/8")].compactMap(\.self)),
            rest: { try await clock.rest($0) }
        ) { _ in [] }
    }
}

/// A peer on loopback that does `say` when it first hears something.
private final class RawPeer: Sendable {
    let port: Int
    private let server: any Channel
    private let heard: EventLoopPromise<Void>
    private let closed: EventLoopPromise<Void>

    init(_ say: @escaping @Sendable (any Channel) -> Void) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let (heard, closed) = (
            group.next().makePromise(of: Void.self), group.next().makePromise(of: Void.self)
        )
        server = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.closeFuture.whenComplete { _ in closed.succeed() }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        SayingHandler(heard: heard, say: say))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = server.localAddress?.port ?? 0
        self.heard = heard
        self.closed = closed
    }

    func untilHeard() async { _ = try? await heard.futureResult.get() }
    func untilClosed() async { _ = try? await closed.futureResult.get() }

    func end() async throws { try await server.close() }
}

private final class SayingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let heard: EventLoopPromise<Void>
    private var say: (@Sendable (any Channel) -> Void)?

    init(heard: EventLoopPromise<Void>, say: @escaping @Sendable (any Channel) -> Void) {
        self.heard = heard
        self.say = say
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        say?(context.channel)
        say = nil
        heard.succeed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
