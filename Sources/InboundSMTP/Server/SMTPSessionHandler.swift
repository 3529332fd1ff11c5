import Glibc
import MailFlow
import NIOCore
import NIOSSL
import NIOTLS
import SMTPProtocol

/// The shell around one `SMTPServerSession`: moves bytes, times and the flow's answers between it
/// and its channel, and decides nothing.
final class SMTPSessionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let service: SMTPListener.Service
    private let place: SMTPListener.Place
    private var session: SMTPServerSession?
    private var isReadHeld = false
    /// The connection is no more.
    private var isGone = false
    private var timer: Scheduled<Void>?
    private var timerDeadline: Int64?
    private let peer: SessionPeer
    private var tap: SessionTap

    init(service: SMTPListener.Service, place: SMTPListener.Place, peer: SessionPeer) {
        self.service = service
        self.place = place
        self.peer = peer
        tap = SessionTap(service.traces)
    }

    private static func now() -> Int64 {
        Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000)
    }

    // MARK: The channel's events

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
    }

    /// Behind a proxy's header the connection has long been there.
    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    /// Where TLS comes first, SMTP begins after the handshake.
    private func begin(_ context: ChannelHandlerContext) {
        beginTap(context, isNew: true)
        guard place.isImplicitTLS else { return start(context, tls: nil) }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let seconds = service.settings.limits.handshakeSeconds
        timer = context.eventLoop.scheduleTask(in: .seconds(seconds)) {
            bound.execute { handler, context in
                guard handler.session == nil else { return }
                handler.service.log.peerFailed(handler.peer, "no TLS handshake in time")
                context.close(promise: nil)
            }
        }
    }

    private func start(_ context: ChannelHandlerContext, tls: String?) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        session = SMTPServerSession(
            settings: service.settings, peer: peer, receiver: service.receiver, tls: tls,
            now: Self.now(),
            onDrain: {
                bound.execute { handler, context in
                    handler.session?.drained(at: Self.now())
                    handler.perform(context)
                }
            })
        session?.isTraced = tap.isWatched
        session?.start()
        perform(context)
    }

    /// Tells those who watch, if anyone does, who is there.
    private func beginTap(_ context: ChannelHandlerContext, isNew: Bool) {
        session?.isTraced = tap.isWatched
        guard tap.isWatched else { return }
        let local = context.localAddress
        tap.begin(
            peer: peer, listener: "\(local?.ipAddress ?? ""):\(local?.port ?? 0)",
            greeting: session?.helo, isNew: isNew)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        beginTap(context, isNew: false)
        session?.receive(&bytes, at: Self.now())
        perform(context)
    }

    /// Who does not take our replies is not listened to: they would pile up.
    func read(context: ChannelHandlerContext) {
        let isWanted = (session?.wantsInput ?? true) && context.channel.isWritable
        if isWanted { context.read() } else { isReadHeld = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        readOn(context)
        context.fireChannelWritabilityChanged()
    }

    private func readOn(_ context: ChannelHandlerContext) {
        guard isReadHeld, session?.wantsInput ?? true, context.channel.isWritable else { return }
        isReadHeld = false
        context.read()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        isGone = true
        session?.disconnected()
        perform(context)
        letGo()
        if tap.isWatched { tap.end() }
        context.fireChannelInactive()
    }

    /// The session knows us by its `onDrain`: neither would ever go while each holds the other.
    private func letGo() {
        if isGone, session?.isClosed ?? false { session = nil }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // After the last word, how the peer takes its leave is its own affair.
        if session?.isClosed != true {
            let reason =
                (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
            service.log.peerFailed(peer, reason)
            if tap.isWatched { tap.note(.failed, reason) }
        }
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted: secured(context)
        case is SMTPListener.ShutDown where session == nil: context.close(promise: nil)
        case ChannelEvent.inputClosed where session == nil: context.close(promise: nil)
        case let event as SMTPListener.ShutDown:
            if event.isTimeOver { session?.cutOff() } else { session?.shutDown() }
            perform(context)
        case ChannelEvent.inputClosed:
            session?.inputEnded()
            perform(context)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    private func secured(_ context: ChannelHandlerContext) {
        let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
        let version = Self.name(of: handler?.tlsVersion)
        if tap.isWatched { tap.note(.tls, version) }
        guard session != nil else {
            timer?.cancel()
            timer = nil
            return start(context, tls: version)
        }
        session?.secured(version, at: Self.now())
        perform(context)
    }

    private static func name(of version: TLSVersion?) -> String {
        switch version {
        case .tlsv13: "TLSv1.3"
        case .tlsv12: "TLSv1.2"
        default: "TLS"
        }
    }

    // MARK: The session's outputs

    private func perform(_ context: ChannelHandlerContext) {
        guard let outputs = session?.takeOutputs() else { return }
        var replies = ByteBuffer()
        for output in outputs {
            switch output {
            case .reply(let reply):
                replies.writeString(reply.wireText)
                if tap.isWatched { tap.said(reply) }
            case .event(let event):
                service.log.happened(event, peer: peer)
                if tap.isWatched { tap.happened(event) }
            case .heard(let heard): tap.heard(heard)
            case .commit(let intake): commit(intake, context)
            case .startTLS:
                flush(&replies, context)
                startTLS(context)
            case .close:
                flush(&replies, context)
                closeAfterReplies(context)
            }
        }
        flush(&replies, context)
        watchTime(context)
        readOn(context)
    }

    private func flush(_ replies: inout ByteBuffer, _ context: ChannelHandlerContext) {
        guard replies.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(replies), promise: nil)
        replies = ByteBuffer()
    }

    private func commit(_ intake: any MailIntake, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        intake.finish { outcome in
            bound.execute { handler, context in
                handler.session?.committed(outcome, at: Self.now())
                handler.perform(context)
                handler.letGo()
            }
        }
    }

    private func startTLS(_ context: ChannelHandlerContext) {
        guard let tls = place.tls else { return context.close(promise: nil) }
        do {
            try context.pipeline.syncOperations.addHandler(
                NIOSSLServerHandler(context: tls()), position: .first)
        } catch {
            service.log.peerFailed(peer, "\(error)")
            context.close(promise: nil)
        }
    }

    /// A reset would throw away the last reply where the peer's bytes are still unread: our
    /// side is closed first, the rest when the peer has closed or a moment has passed.
    private func closeAfterReplies(_ context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.close(mode: .output).whenComplete { _ in
            bound.execute { handler, context in
                handler.isReadHeld = false
                context.read()
            }
        }
        timer = context.eventLoop.scheduleTask(in: .seconds(SMTPListener.lingerSeconds)) {
            bound.execute { _, context in context.close(promise: nil) }
        }
    }

    /// One timer for each connection, set anew only when it fires: deadlines mostly move away.
    private func watchTime(_ context: ChannelHandlerContext) {
        guard let deadline = session?.deadline else { return }
        if timer != nil, let timerDeadline, timerDeadline <= deadline { return }
        timer?.cancel()
        timerDeadline = deadline
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let delay = max(0, deadline - Self.now())
        timer = context.eventLoop.scheduleTask(in: .milliseconds(delay)) {
            bound.execute { handler, context in
                handler.timer = nil
                handler.timerDeadline = nil
                handler.session?.timePassed(at: Self.now())
                handler.perform(context)
            }
        }
    }
}

extension NIOLoopBound where Value == (SMTPSessionHandler, ChannelHandlerContext) {
    /// Runs `body` on the loop, never within the call that led here: a session is not entered
    /// twice.
    fileprivate func execute(
        _ body: @escaping @Sendable (SMTPSessionHandler, ChannelHandlerContext) -> Void
    ) {
        eventLoop.execute { body(value.0, value.1) }
    }
}
