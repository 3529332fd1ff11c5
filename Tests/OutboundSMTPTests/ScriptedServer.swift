import NIOCore
import NIOPosix
import NIOSSL
import SMTPProtocol
import Synchronization

/// An SMTP server on loopback that takes mail, and at chosen moments does what it is told instead.
final class ScriptedServer: Sendable {
    enum Moment: String, Sendable, CaseIterable {
        case connect
        case hello = "EHLO"
        case helo = "HELO"
        case startTLS = "STARTTLS"
        case auth = "AUTH"
        case mail = "MAIL"
        case recipient = "RCPT"
        case data = "DATA"
        case chunk = "BDAT"
        case reset = "RSET"
        case quit = "QUIT"
        /// The mail's end.
        case end = "."
        /// The mail's first bytes. What follows them is not read before `readOn`, so that the client
        /// cannot have sent all of it.
        case content
    }

    enum Act: Sendable {
        /// With its line end.
        case say(String)
        case hang
        case close
        /// Bytes of a reply, until the other side goes.
        case flood
        /// And then, whatever comes next, the other.
        case sayThen(String, String)
        /// TLS begins; what was said before goes first.
        case sayAndStartTLS(String)
    }

    struct Mail: Sendable, Equatable {
        var commands: [String]
        var content: String
    }

    struct State: Sendable {
        var extensions = ["PIPELINING"]
        var acts: [Moment: [Act]] = [:]
        /// Done every time, where nothing of `acts` is left.
        var habits: [Moment: Act] = [:]
        var mails: [Mail] = []
        var commands: [String] = []
        var connections = 0
        var connectionsOpen = 0
        var floodedBytes = 0
    }

    private final class Box: Sendable {
        let state = Mutex(State())
        let waiting = Mutex<[any Channel]>([])
    }

    private let box = Box()
    private let channel: any Channel
    let port: Int

    var state: State { box.state.withLock { $0 } }

    /// `isImplicitTLS`: TLS comes before the greeting.
    init(
        address: String = "127.0.0.1", port: Int = 0, tls: NIOSSLContext? = nil,
        isImplicitTLS: Bool = false,
        _ change: @Sendable (inout State) -> Void = { _ in }
    ) async throws {
        let box = box
        box.state.withLock { change(&$0) }
        if tls != nil, !isImplicitTLS { box.state.withLock { $0.extensions.append("STARTTLS") } }
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls, isImplicitTLS {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLServerHandler(context: tls))
                    }
                    try channel.pipeline.syncOperations.addHandler(Handler(box, tls))
                }
            }
            .bind(host: address, port: port).get()
        self.port = channel.localAddress?.port ?? 0
    }

    func change(_ change: @Sendable (inout State) -> Void) { box.state.withLock { change(&$0) } }

    /// Goes on reading where a mail's first bytes were enough, and the client has not gone yet.
    func readOn() {
        for channel in box.waiting.withLock({ $0 }) {
            channel.setOption(.autoRead, value: true).whenComplete { _ in }
        }
    }

    func end() async throws { try await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let box: Box
        private let tls: NIOSSLContext?
        private var lines = LineDecoder(lineBytesMax: 4_096)
        private var input = ByteBuffer()
        private var data: DataDecoder?
        private var chunkLeft: Int?
        private var content = ByteBuffer()
        private var commands: [String] = []
        private var isSilent = false
        private var nextWord: String?
        private var context: ChannelHandlerContext?

        init(_ box: Box, _ tls: NIOSSLContext?) {
            self.box = box
            self.tls = tls
        }

        func channelActive(context: ChannelHandlerContext) {
            self.context = context
            box.state.withLock {
                $0.connections += 1
                $0.connectionsOpen += 1
            }
            act(.connect, .say("220 mx.them.example"))
        }

        func channelInactive(context: ChannelHandlerContext) {
            box.state.withLock { $0.connectionsOpen -= 1 }
            self.context = nil
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        func channelWritabilityChanged(context: ChannelHandlerContext) {
            if isFlooding { flood() }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            if let nextWord {
                isSilent = true
                return write(nextWord)
            }
            input.writeBuffer(&bytes)
            while input.readableBytes > 0, !isSilent {
                if self.data != nil {
                    guard takeData() else { return }
                } else if let left = chunkLeft {
                    takeChunk(left)
                } else {
                    guard let line = lines.next(&input), case .line(let line) = line else { return }
                    take(String(buffer: line))
                }
            }
        }

        private func takeData() -> Bool {
            var pieces: [ByteBuffer] = []
            let isAtEnd = data?.decode(&input) {
                if case .content(let bytes) = $0 { pieces.append(bytes) }
            }
            if content.readableBytes == 0, !pieces.isEmpty, perform(.content) {
                isSilent = true
                stopReading()
                return false
            }
            for piece in pieces { content.writeImmutableBuffer(piece) }
            guard isAtEnd ?? false else { return false }
            data = nil
            takeMail()
            return true
        }

        private func stopReading() {
            guard let channel = context?.channel, channel.isActive else { return }
            try? channel.syncOptions?.setOption(.autoRead, value: false)
            box.waiting.withLock { $0.append(channel) }
        }

        private func takeChunk(_ left: Int) {
            var piece = input.readSlice(length: min(left, input.readableBytes)) ?? ByteBuffer()
            chunkLeft = left - piece.readableBytes
            content.writeBuffer(&piece)
            guard chunkLeft == 0 else { return }
            chunkLeft = nil
            takeMail()
        }

        private func takeMail() {
            let mail = Mail(commands: commands, content: String(buffer: content))
            if perform(.end) { return }
            box.state.withLock { $0.mails.append(mail) }
            perform(.say("250 2.0.0 taken"))
        }

        private func take(_ line: String) {
            box.state.withLock { $0.commands.append(line) }
            let verb = String(line.split(separator: " ").first ?? "").uppercased()
            switch Moment(rawValue: verb == "LHLO" ? "EHLO" : verb) {
            case .hello:
                let lines = ["mx.them.example"] + box.state.withLock { $0.extensions }
                act(
                    .hello,
                    .say(
                        lines.dropLast().map { "250-\($0)\r\n" }.joined()
                            + "250 \(lines[lines.count - 1])"))
            case .startTLS: act(.startTLS, .sayAndStartTLS("220 go"))
            case .mail:
                commands = [line]
                act(.mail, .say("250 ok"))
            case .recipient:
                commands.append(line)
                act(.recipient, .say("250 ok"))
            case .data:
                content = ByteBuffer()
                if act(.data, .say("354 go")) {
                    data = DataDecoder(framing: .dots, policy: .refuse, lineBytesMax: 10_000)
                }
            case .chunk:
                content = ByteBuffer()
                if !perform(.chunk) { chunkLeft = Int(line.split(separator: " ")[1]) }
            case .quit:
                act(.quit, .say("221 bye"))
                context?.close(promise: nil)
            case .auth: act(.auth, .say("235 ok"))
            case .helo: act(.helo, .say("250 mx.them.example"))
            case .reset: act(.reset, .say("250 ok"))
            case .connect, .end, .content, nil: write("500 what")
            }
        }

        /// Says whether the usual was done.
        @discardableResult
        private func act(_ moment: Moment, _ usual: Act) -> Bool {
            if perform(moment) { return false }
            perform(usual)
            return true
        }

        private func perform(_ moment: Moment) -> Bool {
            let act = box.state.withLock { state -> Act? in
                guard var acts = state.acts[moment], !acts.isEmpty else {
                    return state.habits[moment]
                }
                defer { state.acts[moment] = acts }
                return acts.removeFirst()
            }
            guard let act else { return false }
            perform(act)
            return true
        }

        private func perform(_ act: Act) {
            switch act {
            case .say(let text): write(text)
            case .sayThen(let text, let next):
                nextWord = next
                write(text)
            case .hang: isSilent = true
            case .close:
                isSilent = true
                context?.close(promise: nil)
            case .flood:
                isSilent = true
                flood()
            case .sayAndStartTLS(let text):
                write(text)
                input.clear()
                guard let tls, let context else { return }
                try? context.pipeline.syncOperations.addHandler(
                    NIOSSLServerHandler(context: tls), position: .first)
            }
        }

        private func write(_ text: String) {
            guard let context else { return }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text + "\r\n")), promise: nil)
        }

        private var isFlooding = false
        private static let wave = ByteBuffer(
            string: String(repeating: "250-more\r\n", count: 5_000))

        private func flood() {
            isFlooding = true
            while let context, context.channel.isActive, context.channel.isWritable {
                context.writeAndFlush(wrapOutboundOut(Self.wave), promise: nil)
                box.state.withLock { $0.floodedBytes += Self.wave.readableBytes }
            }
        }
    }
}
