import NIOCore
import SMTPProtocol

/// Says one thing and closes. Under TLS it closes alone: a handshake is not worth a refusal.
///
/// A reset would throw the reply away where the peer has spoken already: our side is closed first,
/// and what the peer says is read and forgotten until it closes, too, or has had enough of our time.
final class OneReplyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let readBytesMax = 65_536

    private let reply: SMTPReply
    private let isUnderTLS: Bool
    private let connections: ConnectionTable
    private var readBytes = 0
    private var timer: Scheduled<Void>?

    init(_ reply: SMTPReply, isUnderTLS: Bool, connections: ConnectionTable) {
        self.reply = reply
        self.isUnderTLS = isUnderTLS
        self.connections = connections
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { channelActive(context: context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        guard !isUnderTLS else { return context.close(promise: nil) }
        let text = ByteBuffer(string: reply.wireText)
        context.writeAndFlush(wrapOutboundOut(text), promise: nil)
        guard connections.linger(context.channel) else { return context.close(promise: nil) }
        context.close(mode: .output, promise: nil)
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: .seconds(SMTPListener.lingerSeconds)) {
            channel.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        readBytes += unwrapInboundIn(data).readableBytes
        if readBytes > Self.readBytesMax { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }
}
