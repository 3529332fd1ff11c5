import NIOCore
import SMTPProtocol

/// Says one thing and closes. Under TLS it closes alone: a handshake is not worth a refusal.
final class OneReplyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let reply: SMTPReply
    private let isUnderTLS: Bool

    init(_ reply: SMTPReply, isUnderTLS: Bool) {
        self.reply = reply
        self.isUnderTLS = isUnderTLS
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { channelActive(context: context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        if !isUnderTLS {
            let text = ByteBuffer(string: reply.wireText)
            context.writeAndFlush(wrapOutboundOut(text), promise: nil)
        }
        context.close(promise: nil)
    }
}
