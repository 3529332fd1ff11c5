import NIOCore
import NIOPosix
import Synchronization

/// A scanner on loopback that says what a test tells it to, and keeps what it was told.
final class CannedScanner: Sendable {
    /// What it does when it has heard `after`.
    struct Script: Sendable {
        /// In one write each.
        var says: [String] = []
        /// Said again and again until nobody listens.
        var again: String?
        /// Whether it then closes the connection.
        var closes = false
        /// When it begins to speak; at once where it is nil, before it has heard anything.
        var after: (@Sendable ([UInt8]) -> Bool)? = { !$0.isEmpty }
        /// Whether it reads on after it has heard something.
        var readsOn = true
    }

    private struct State {
        var heard: [[UInt8]] = []
        var open = 0
        var openMax = 0
    }

    private let server: any Channel
    private let state = Mutex(State())
    private let (told, continuation) = AsyncStream<Void>.makeStream()
    private let (ended, endings) = AsyncStream<Void>.makeStream()
    private let script: Script

    var port: Int { server.localAddress?.port ?? 0 }
    /// All that came over each connection, in the order in which they came.
    var heard: [[UInt8]] { state.withLock { $0.heard } }
    var openMax: Int { state.withLock { $0.openMax } }

    private init(_ script: Script, server: any Channel) {
        self.script = script
        self.server = server
    }

    /// On a port of the system's choice, or at a path.
    static func start(_ script: Script, path: String? = nil) async throws -> CannedScanner {
        let holder = Holder()
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let scanner = holder.scanner else { return }
                    try channel.pipeline.syncOperations.addHandler(CannedHandler(scanner))
                }
            }
            .childChannelOption(.maxMessagesPerRead, value: 1)
        let server =
            if let path {
                try await bootstrap.bind(unixDomainSocketPath: path).get()
            } else {
                try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
            }
        let scanner = CannedScanner(script, server: server)
        holder.scanner = scanner
        return scanner
    }

    /// Connections are made only when the scanner is there.
    private final class Holder: Sendable {
        private let value = Mutex<CannedScanner?>(nil)

        var scanner: CannedScanner? {
            get { value.withLock { $0 } }
            set { value.withLock { $0 = newValue } }
        }
    }

    func end() async throws { try await server.close() }

    /// Returns when so many more connections have been heard from.
    func untilHeard(_ count: Int = 1) async {
        var left = count
        for await _ in told {
            left -= 1
            if left == 0 { return }
        }
    }

    /// Returns when so many more connections have ended.
    func untilClosed(_ count: Int = 1) async {
        var left = count
        for await _ in ended {
            left -= 1
            if left == 0 { return }
        }
    }

    fileprivate func open() -> Int {
        state.withLock { state in
            state.open += 1
            state.openMax = max(state.openMax, state.open)
            state.heard.append([])
            return state.heard.count - 1
        }
    }

    /// What to do now; nil: nothing.
    fileprivate func hear(_ bytes: ByteBuffer, _ number: Int) -> Script? {
        let heard = state.withLock { state in
            state.heard[number] += bytes.readableBytesView
            return state.heard[number]
        }
        guard let after = script.after, after(heard) else { return nil }
        return script
    }

    fileprivate var atOnce: Script? { script.after == nil ? script : nil }

    fileprivate func tell() { continuation.yield() }

    fileprivate func close() {
        state.withLock { $0.open -= 1 }
        endings.yield()
    }
}

private final class CannedHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let scanner: CannedScanner
    private var number = 0
    private var isTold = false
    private var hasSpoken = false

    init(_ scanner: CannedScanner) {
        self.scanner = scanner
    }

    func channelActive(context: ChannelHandlerContext) {
        number = scanner.open()
        if let script = scanner.atOnce { speak(script, context.channel) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let script = scanner.hear(unwrapInboundIn(data), number)
        if let script, !hasSpoken { speak(script, context.channel) }
        if !isTold {
            isTold = true
            scanner.tell()
        }
    }

    private func speak(_ script: CannedScanner.Script, _ channel: any Channel) {
        hasSpoken = true
        if !script.readsOn { channel.setOption(.autoRead, value: false).whenComplete { _ in } }
        for text in script.says { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
        if let again = script.again { Self.write(again, to: channel) }
        if script.closes { channel.close(promise: nil) }
    }

    private static func write(_ text: String, to channel: any Channel) {
        channel.writeAndFlush(ByteBuffer(string: text)).whenSuccess {
            channel.eventLoop.execute { write(text, to: channel) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) { scanner.close() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
