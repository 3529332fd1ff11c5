import NIOCore

/// Ends a connection on which more comes than an answer may have, counted from the last request.
final class AnswerMeter: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let bytesMax: Int
    private var bytes = 0

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        bytes = 0
        context.write(data, promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += unwrapInboundIn(data).readableBytes
        guard bytes > bytesMax else { return context.fireChannelRead(data) }
        context.fireErrorCaught(
            HTTPFailure.failed("the answer has more than \(bytesMax) bytes"))
        context.close(promise: nil)
    }
}
