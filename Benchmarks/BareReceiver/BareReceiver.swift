import NIOCore
import NIOPosix

/// An SMTP receiver that says yes to everything and throws every mail away: the limit of what a
/// `ChannelHandler` on SwiftNIO can reach here. For the benchmark alone.
@main
struct BareReceiver {
    static func main() async throws {
        guard CommandLine.arguments.count == 2, let port = Int(CommandLine.arguments[1]) else {
            preconditionFailure("usage: BareReceiver PORT")
        }
        let group = MultiThreadedEventLoopGroup(
            numberOfThreads: max(1, min(4, System.coreCount / 2)))
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Discard())
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        try await channel.closeFuture.get()
    }
}

private final class Discard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let end = Array("\r\n.\r\n".utf8)

    private var buffer = ByteBuffer()
    private var isInData = false

    func channelActive(context: ChannelHandlerContext) {
        reply("220 bare ESMTP\r\n", context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        buffer.writeBuffer(&bytes)
        while isInData ? takeData(context) : takeCommand(context) {}
    }

    private func takeData(_ context: ChannelHandlerContext) -> Bool {
        // smtp-source ends nothing early: the end is at the end of what was read.
        let tail = buffer.getBytes(
            at: max(buffer.readerIndex, buffer.writerIndex - 5),
            length: min(5, buffer.readableBytes))
        guard tail == Self.end else {
            let kept = min(4, buffer.readableBytes)
            buffer.moveReaderIndex(forwardBy: buffer.readableBytes - kept)
            buffer.discardReadBytes()
            return false
        }
        buffer.clear()
        isInData = false
        reply("250 2.0.0 Ok\r\n", context)
        return true
    }

    private func takeCommand(_ context: ChannelHandlerContext) -> Bool {
        let length = buffer.withUnsafeReadableBytes { $0.firstIndex(of: UInt8(ascii: "\n")) }
        guard let length, let line = buffer.readString(length: length + 1) else { return false }
        switch line.prefix(4) {
        case "DATA":
            isInData = true
            reply("354 Go on\r\n", context)
        case "QUIT":
            reply("221 Bye\r\n", context)
            context.close(promise: nil)
            return false
        case "EHLO": reply("250-bare\r\n250 PIPELINING\r\n", context)
        default: reply("250 Ok\r\n", context)
        }
        return true
    }

    private func reply(_ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }
}
