import MailModel
import NIOCore

/// Stands before everything else where a proxy connects: reads its header, then has the rest of
/// the pipeline made for the peer that the proxy speaks for, and goes.
final class ProxyHeaderHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let proxy: SessionPeer
    private let log: any SessionLog
    private let seconds: Int64
    private let begin: (IPAddress?) throws -> Void
    private var decoder = ProxyHeaderDecoder()
    private var deadline: Scheduled<Void>?
    private var isOver = false

    /// The header has to come within `seconds`; `begin` adds the handlers behind this one, for
    /// the address that the proxy speaks for, or nil where it speaks for itself.
    init(
        proxy: SessionPeer, log: any SessionLog, seconds: Int64,
        begin: @escaping (IPAddress?) throws -> Void
    ) {
        self.proxy = proxy
        self.log = log
        self.seconds = seconds
        self.begin = begin
    }

    func channelActive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: .seconds(seconds)) {
            let (handler, context) = bound.value
            handler.drop(context, "no PROXY header in time")
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return context.fireChannelRead(data) }
        var bytes = unwrapInboundIn(data)
        switch decoder.decode(&bytes) {
        case nil: break
        case .failed(let reason): drop(context, reason)
        case .peer(let address): end(context, address, rest: bytes)
        case .own: end(context, nil, rest: bytes)
        }
    }

    private func end(
        _ context: ChannelHandlerContext, _ address: IPAddress?, rest: ByteBuffer
    ) {
        isOver = true
        deadline?.cancel()
        do {
            try begin(address)
        } catch {
            return drop(context, "\(error)")
        }
        if rest.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(rest)) }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    private func drop(_ context: ChannelHandlerContext, _ reason: String) {
        isOver = true
        deadline?.cancel()
        log.proxyFailed(proxy, reason)
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is SMTPListener.ShutDown where !isOver: context.close(promise: nil)
        case ChannelEvent.inputClosed where !isOver: ended(context)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    /// A proxy that looks whether we live says nothing at all.
    private func ended(_ context: ChannelHandlerContext) {
        guard decoder.hasBegun else { return context.close(promise: nil) }
        drop(context, "a PROXY header without its end")
    }
}
