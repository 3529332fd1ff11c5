import DeliveryQueue
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import SMTPProtocol

/// The shell around one `SMTPClientSession`: moves bytes, times and mails between it and its channel,
/// and decides nothing.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A mail under way.
    private struct Job {
        let number: Int
        var feed: ContentFeed
        let report: EventLoopPromise<MailReport>
    }

    private let settings: SessionSettings
    private let handshake: (TLSHandshakes.Finding) throws -> NIOSSLClientHandler?
    private let opened: EventLoopPromise<Void>
    private let cache: ConnectionCache
    private let idleSeconds: Int64
    private let finding = TLSHandshakes.Finding()
    private var session: SMTPClientSession
    private var context: ChannelHandlerContext?
    private var job: Job?
    /// Set where the connection is kept and can be found by others.
    private var connection: SMTPConnection?
    private var idleSince: Int64?
    private var isPerforming = false
    private var hasUnflushed = false
    private var isReadingFile = false
    /// Others of the loop, and what the server says, have their turn before the next piece.
    private var isResting = false
    private var lossReason = "closed by the other side"
    private var timer: Scheduled<Void>?
    private var timerDeadline: Int64?

    /// `opened` is told when the first mail can be sent, or fails with a `SessionFailure`.
    init(
        _ settings: SessionSettings, cache: ConnectionCache, idleSeconds: Int64,
        opened: EventLoopPromise<Void>,
        handshake: @escaping (TLSHandshakes.Finding) throws -> NIOSSLClientHandler?
    ) {
        self.settings = settings
        self.cache = cache
        self.idleSeconds = idleSeconds
        self.opened = opened
        self.handshake = handshake
        session = SMTPClientSession(settings, now: Self.now())
    }

    private static func now() -> Int64 {
        Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000)
    }

    // MARK: What is asked of it, on the loop

    var tls: String? { session.tls }

    /// The connection is open, and known by that name.
    func begin(_ connection: SMTPConnection) {
        self.connection = connection
    }

    /// Sends a mail and reports what became of it.
    func deliver(
        _ mail: OutgoingMail, number: Int, _ report: EventLoopPromise<MailReport>
    ) {
        idleSince = nil
        guard context != nil else {
            let failure = session.lastFailure ?? SessionFailure(.idle, .lost(lossReason))
            return report.succeed(MailReport(result: .failure(failure)))
        }
        job = Job(number: number, feed: ContentFeed(mail.content), report: report)
        session.deliver(mail, at: Self.now())
        perform()
    }

    /// Gives up the mail of that number, if it is still under way.
    func cancel(_ number: Int) {
        guard job?.number == number else { return }
        session.cancel(at: Self.now())
        perform()
    }

    func quit() {
        session.quit(at: Self.now())
        perform()
    }

    // MARK: The channel's events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        guard settings.tls == .implicit else { return }
        startTLS()
    }

    func channelActive(context: ChannelHandlerContext) {
        session.connected(at: Self.now())
        watchTime()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        session.receive(&bytes, at: Self.now())
        perform()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        perform()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { secured(context) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if session.isShakingHands {
            session.handshakeFailed(
                finding.value ?? TLSFailure(error, Self.tls(of: context)?.peerCertificate))
            perform()
        } else {
            lossReason = ConnectionFailure.reason(error)
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        session.disconnected(lossReason)
        perform()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        leave()
        self.context = nil
    }

    private func secured(_ context: ChannelHandlerContext) {
        let version =
            switch Self.tls(of: context)?.tlsVersion {
            case .tlsv13: "TLSv1.3"
            case .tlsv12: "TLSv1.2"
            case .tlsv11: "TLSv1.1"
            case .tlsv1: "TLSv1"
            case nil: "TLS"
            }
        session.secured(version, at: Self.now())
        perform()
    }

    private static func tls(of context: ChannelHandlerContext) -> NIOSSLClientHandler? {
        try? context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)
    }

    // MARK: The session's outputs

    /// Until the session has nothing to say and the content's next piece has to wait.
    private func perform() {
        guard !isPerforming, let context else { return }
        isPerforming = true
        defer { isPerforming = false }
        var isDone = false
        while !isDone {
            for output in session.takeOutputs() { perform(output, context) }
            if feedsOn(context) { continue }
            flush(context)
            // A write that fails ends the channel within it, and the session has heard of that.
            isDone = !session.hasOutputs
        }
        watchTime()
    }

    private func perform(_ output: SMTPClientSession.Output, _ context: ChannelHandlerContext) {
        switch output {
        case .write(let bytes):
            context.write(wrapOutboundOut(bytes), promise: nil)
            hasUnflushed = true
        case .content: break
        case .startTLS:
            flush(context)
            startTLS()
        case .opened: opened.succeed()
        case .finished(let result): finish(result)
        case .failed(let failure):
            opened.fail(failure)
            leave()
        case .close:
            flush(context)
            leave()
            context.close(promise: nil)
        }
    }

    private func flush(_ context: ChannelHandlerContext) {
        guard hasUnflushed else { return }
        hasUnflushed = false
        context.flush()
    }

    private func finish(_ result: Result<RemoteReply, SessionFailure>) {
        guard let job else { return }
        self.job = nil
        if session.canTakeMail, let connection {
            idleSince = Self.now()
            cache.put(connection)
        } else if !session.isClosed {
            session.quit(at: Self.now())
        }
        job.report.succeed(
            MailReport(
                result: result, hasDSN: session.extensions.keywords.contains(.dsn)))
    }

    /// No mail finds it any more.
    private func leave() {
        guard let connection else { return }
        self.connection = nil
        _ = cache.remove(connection)
    }

    private func startTLS() {
        guard let context else { return }
        do {
            guard let handler = try handshake(finding) else { return }
            try context.pipeline.syncOperations.addHandler(handler, position: .first)
        } catch {
            session.handshakeFailed(TLSFailure(error))
            perform()
        }
    }

    // MARK: Content

    /// Gives the session the next piece where it can take one now; says whether it did.
    private func feedsOn(_ context: ChannelHandlerContext) -> Bool {
        guard session.wantsContent, !isReadingFile, !isResting else { return false }
        guard context.channel.isWritable else {
            flush(context)
            // A server that reads as fast as we write would never let go of us.
            if context.channel.isWritable { rest(context) }
            return false
        }
        switch job?.feed.next() {
        case .bytes(let bytes): session.send(bytes, at: Self.now())
        case .file(let file, let offset, let length): read(file, offset, length, context)
        case .end, nil: session.contentFailed(SMTPClientSession.wrongLength)
        }
        return true
    }

    private static let restMicroseconds: Int64 = 50

    /// A task that is due at once would come before what the sockets have to say.
    private func rest(_ context: ChannelHandlerContext) {
        isResting = true
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .microseconds(Self.restMicroseconds)) {
            bound.value.isResting = false
            bound.value.perform()
        }
    }

    private func read(
        _ file: ContentFile, _ offset: Int, _ length: Int, _ context: ChannelHandlerContext
    ) {
        isReadingFile = true
        let number = job?.number
        let piece = NIOThreadPool.singleton.runIfActive(eventLoop: context.eventLoop) {
            try file.read(at: offset, length: length)
        }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        piece.whenComplete { result in
            let handler = bound.value
            handler.isReadingFile = false
            guard handler.job?.number == number else { return }
            switch result {
            case .success(let bytes): handler.session.send(bytes, at: Self.now())
            case .failure(let error):
                handler.session.contentFailed(
                    (error as? ContentFile.Failure)?.reason ?? "\(error)")
            }
            handler.perform()
        }
    }

    // MARK: Time

    /// One timer for each connection, set anew only when it fires: deadlines mostly move away.
    private func watchTime() {
        guard let context, !session.isClosed else { return }
        let deadline = session.deadline ?? idleSince.map { $0 + idleSeconds * 1000 }
        guard let deadline else { return }
        if timer != nil, let timerDeadline, timerDeadline <= deadline { return }
        timer?.cancel()
        timerDeadline = deadline
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: .milliseconds(max(0, deadline - Self.now()))) {
            bound.value.timePassed()
        }
    }

    private func timePassed() {
        timer = nil
        timerDeadline = nil
        let now = Self.now()
        session.timePassed(at: now)
        // One that a mail is on its way to is not ended under it.
        if let idleSince, idleSince + idleSeconds * 1000 <= now, let connection {
            self.idleSince = nil
            if cache.remove(connection) { session.quit(at: now) }
        }
        perform()
    }
}
