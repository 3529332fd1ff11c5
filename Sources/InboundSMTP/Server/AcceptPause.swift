import Glibc
import NIOCore

/// Lets a listening socket rest after a failed accept, so that running out of file descriptors
/// costs no processor time; connections wait in the kernel's backlog meanwhile.
///
/// NIO's `AcceptBackoffHandler` does not help: it holds up the next `read`, but after an accept
/// that fails the channel still has its last read pending, and the socket, which stays readable,
/// is tried again at once. Turning `autoRead` off takes it out of the selector.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let restMilliseconds: Int64 = 250
    private static let tellingSeconds: Int64 = 60

    private let log: any SessionLog
    private var toldAt: NIODeadline?
    private var rest: Scheduled<Void>?

    init(log: any SessionLog) {
        self.log = log
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError else { return context.fireErrorCaught(error) }
        tell(error)
        guard rest == nil, let options = context.channel.syncOptions else { return }
        try? options.setOption(.autoRead, value: false)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        rest = context.eventLoop.scheduleTask(in: .milliseconds(Self.restMilliseconds)) {
            let (handler, context) = bound.value
            handler.rest = nil
            try? context.channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        rest?.cancel()
        context.fireChannelInactive()
    }

    private func tell(_ error: IOError) {
        let now = NIODeadline.now()
        if let toldAt, now < toldAt + .seconds(Self.tellingSeconds) { return }
        toldAt = now
        log.cannotAccept(String(cString: strerror(error.errnoCode)))
    }
}
