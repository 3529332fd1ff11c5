import NIOCore
import NIOHTTP1
import NIOTLS

/// A request on its way to its answer.
struct HTTPExchange: Sendable {
    let head: HTTPRequestHead
    let body: ByteBuffer
    let answer: EventLoopPromise<HTTPAnswer>
}

/// One exchange after the other on a connection, at its end of the pipeline. Reads an answer to its
/// end, or to `bodyBytesMax`: then its body is nil, and the connection is of no more use.
final class ExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPExchange
    typealias OutboundOut = HTTPClientRequestPart

    private struct Waiting {
        let answer: EventLoopPromise<HTTPAnswer>
        var status = 0
        var mediaType: String?
        var retryAfter: String?
        var isKept = false
        var body = ByteBuffer()
        var isTooLong = false
    }

    private let bodyBytesMax: Int
    private let isTLS: Bool
    private let ready: EventLoopPromise<Void>
    private var waiting: Waiting?
    private var failure: (any Error)?

    /// `ready` is told when the connection stands, with its TLS handshake, or cannot.
    init(bodyBytesMax: Int, isTLS: Bool, ready: EventLoopPromise<Void>) {
        self.bodyBytesMax = bodyBytesMax
        self.isTLS = isTLS
        self.ready = ready
    }

    func channelActive(context: ChannelHandlerContext) {
        if !isTLS { ready.succeed() }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { ready.succeed() }
        context.fireUserInboundEventTriggered(event)
    }

    func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        let exchange = unwrapOutboundIn(data)
        waiting = Waiting(answer: exchange.answer)
        context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(exchange.body))), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What nobody asked for ends the connection.
        guard var current = waiting else { return context.close(promise: nil) }
        switch unwrapInboundIn(data) {
        case .head(let head):
            current.status = Int(head.status.code)
            current.mediaType = head.headers.first(name: "Content-Type")
            current.retryAfter = head.headers.first(name: "Retry-After")
            current.isKept = head.isKeepAlive
            waiting = current
        case .body(let bytes):
            current.body.writeImmutableBuffer(bytes)
            waiting = current
            guard current.body.readableBytes > bodyBytesMax else { return }
            current.isTooLong = true
            current.isKept = false
            finish(current, context)
        case .end: finish(current, context)
        }
    }

    /// The connection is closed first where it is not kept, so that nobody tries it again.
    private func finish(_ current: Waiting, _ context: ChannelHandlerContext) {
        waiting = nil
        let answer = HTTPAnswer(
            status: current.status, mediaType: current.mediaType, retryAfter: current.retryAfter,
            body: current.isTooLong ? nil : Array(buffer: current.body))
        guard !current.isKept else { return current.answer.succeed(answer) }
        context.close().whenComplete { _ in current.answer.succeed(answer) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = failure ?? error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let reason =
            failure ?? HTTPFailure.failed("the connection was closed before the answer's end")
        ready.fail(reason)
        waiting?.answer.fail(reason)
        waiting = nil
        context.fireChannelInactive()
    }
}
