import NIOCore
import NIOHTTP1
import NIOTLS

/// A piece of a request on its way to its answer.
enum HTTPExchange: Sendable {
    case begin(HTTPRequestHead, answer: EventLoopPromise<HTTPAnswer>)
    case body(ByteBuffer)
    case end
}

/// One exchange after the other on a connection, at its end of the pipeline. Reads an answer to its
/// end, or to `bodyBytesMax`: then its body is nil. After that, and after an answer that did not wait
/// for the request's end, the connection is of no more use.
final class ExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPExchange
    typealias OutboundOut = HTTPClientRequestPart

    private struct Waiting {
        let promise: EventLoopPromise<HTTPAnswer>
        var answer = HTTPAnswer(status: 0, mediaType: nil, body: nil)
        var isSent = false
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
        switch unwrapOutboundIn(data) {
        case .begin(let head, let answer):
            waiting = Waiting(promise: answer)
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body(let bytes):
            context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: promise)
        case .end:
            waiting?.isSent = true
            context.write(wrapOutboundOut(.end(nil)), promise: promise)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What nobody asked for ends the connection.
        guard var current = waiting else { return context.close(promise: nil) }
        switch unwrapInboundIn(data) {
        case .head(let head):
            current.answer.status = Int(head.status.code)
            current.answer.mediaType = head.headers.first(name: "Content-Type")
            current.answer.retryAfter = head.headers.first(name: "Retry-After")
            current.answer.entityTag = head.headers.first(name: "ETag")
            current.answer.storedEncryption = head.headers.first(
                name: "x-amz-server-side-encryption")
            current.isKept = head.isKeepAlive
            waiting = current
        case .body(let bytes):
            // Held once: it would be copied at each piece, of which there may be one for each byte.
            waiting = nil
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
        var answer = current.answer
        answer.body = current.isTooLong ? nil : Array(buffer: current.body)
        guard !current.isKept || !current.isSent else { return current.promise.succeed(answer) }
        context.close().whenComplete { [answer] _ in current.promise.succeed(answer) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = failure ?? error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let reason =
            failure ?? HTTPFailure.failed("the connection was closed before the answer's end")
        ready.fail(reason)
        waiting?.promise.fail(reason)
        waiting = nil
        context.fireChannelInactive()
    }
}
