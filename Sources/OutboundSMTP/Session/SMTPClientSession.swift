import DeliveryQueue
package import NIOCore
package import SMTPProtocol

/// One SMTP or LMTP session as a client, without sockets and clocks: bytes and times in, bytes and
/// steps out. RFC 5321, with STARTTLS (3207), AUTH (4954), PIPELINING (2920), CHUNKING (3030),
/// SIZE (1870), 8BITMIME (6152), SMTPUTF8 (6531), DSN (3461), REQUIRETLS (8689), LIMITS (9422) and
/// LMTP (2033). One mail at a time, for one recipient.
///
/// After each call take the outputs and do them in order.
package struct SMTPClientSession {
    /// What the shell does next.
    package enum Output: Equatable {
        case write(ByteBuffer)
        /// Give the mail's content to `send`, piece after piece, while `wantsContent`.
        case content
        /// Shake hands, then tell `secured` or `handshakeFailed`.
        case startTLS
        /// A mail can be sent.
        case opened
        /// The mail that `deliver` was told of has been taken, or has not.
        case finished(Result<RemoteReply, SessionFailure>)
        /// Said where no mail is under way: the session never opened, or is no more.
        case failed(SessionFailure)
        case close
    }

    enum Phase {
        case greeting
        case hello
        /// After EHLO was refused.
        case helo
        case startTLS
        case handshake
        case login(LoginStep)
        case open
        case mail(Transaction)
        case quitting
        case closed
    }

    let settings: SessionSettings
    package internal(set) var extensions = ServerExtensions()
    /// Of the handshake, if there was one.
    package internal(set) var tls: String?
    private var outputs: [Output] = []
    private(set) var phase = Phase.greeting
    var decoder = ReplyDecoder()
    /// The last mail came to nothing: RSET comes before the next.
    var needsReset = false
    /// Mails that were begun.
    var mails = 0
    // Milliseconds of a clock that never goes back.
    var now: Int64
    var phaseStartedAt: Int64
    /// Until when the answer to a mail's end is waited for that is given up.
    var graceUntil: Int64?
    /// What the session ended by, where no mail was under way.
    private(set) var lastFailure: SessionFailure?
    /// Counts the calls of `receive`; a reply that came with the call in which its command was
    /// written answers nothing that the server has seen.
    private var round = 0
    private var isReceiving = false
    private var writtenInRound = 0

    package init(_ settings: SessionSettings, now: Int64) {
        self.settings = settings
        self.now = now
        phaseStartedAt = now
        if settings.tls == .implicit { phase = .handshake }
    }

    // MARK: What happens to a session

    /// The connection stands: the server's time begins.
    package mutating func connected(at now: Int64) {
        self.now = now
        phaseStartedAt = now
    }

    /// Uses up `bytes`.
    package mutating func receive(_ bytes: inout ByteBuffer, at now: Int64) {
        self.now = now
        round += 1
        isReceiving = true
        defer {
            isReceiving = false
            bytes.moveReaderIndex(to: bytes.writerIndex)
        }
        do throws(ReplyFault) {
            while takesReplies, let reply = try decoder.next(&bytes) { take(reply) }
        } catch {
            end(.fault(error))
        }
    }

    /// What is read while the handshake is due was not said under TLS, and is thrown away.
    private var takesReplies: Bool {
        switch phase {
        case .handshake, .closed: false
        case .greeting, .hello, .helo, .startTLS, .login, .open, .mail, .quitting: true
        }
    }

    /// The handshake succeeded. What was known of the server is forgotten. RFC 3207 §4.2
    package mutating func secured(_ description: String, at now: Int64) {
        self.now = now
        guard case .handshake = phase else { return }
        tls = description
        extensions = ServerExtensions()
        decoder = ReplyDecoder()
        settings.tls == .implicit ? enter(.greeting) : sayHello()
    }

    package mutating func handshakeFailed(_ failure: TLSFailure) {
        end(.tls(failure))
    }

    /// The connection is gone, for that reason.
    package mutating func disconnected(_ reason: String) {
        end(.lost(reason))
    }

    /// A mail that may be taken already is waited for a little; anything else ends now.
    package mutating func cancel(at now: Int64) {
        self.now = now
        if case .mail(let transaction) = phase, transaction.isContentSent {
            graceUntil = now + settings.limits.graceSeconds * 1000
        } else {
            end(.cancelled)
        }
    }

    /// Ends the session in good order where no mail is under way, else at once.
    package mutating func quit(at now: Int64) {
        self.now = now
        guard case .open = phase else { return end(.cancelled) }
        enter(.quitting)
        write(ByteBuffer(string: "QUIT\r\n"))
    }

    package mutating func takeOutputs() -> [Output] {
        defer { outputs.removeAll(keepingCapacity: true) }
        return outputs
    }

    package var hasOutputs: Bool { !outputs.isEmpty }

    /// Whether `deliver` may be called.
    package var canTakeMail: Bool {
        guard case .open = phase else { return false }
        return mails < min(settings.mailsMax, extensions.sessionMailsMax ?? Int.max)
    }

    package var isShakingHands: Bool {
        if case .handshake = phase { true } else { false }
    }

    package var isClosed: Bool {
        if case .closed = phase { true } else { false }
    }

    // MARK: Steps

    private mutating func take(_ reply: RemoteReply) {
        switch phase {
        case .open: return end(Self.reason(for: reply))
        case .quitting: return close()
        case .mail(let transaction): return take(reply, for: transaction)
        case .greeting, .hello, .helo, .startTLS, .login, .handshake, .closed: break
        }
        guard !isOutOfTurn else { return end(.unexpected(reply)) }
        takeOpening(reply)
    }

    /// Whether what is answered was written only now.
    var isOutOfTurn: Bool { writtenInRound == round && round > 0 }

    mutating func enter(_ phase: Phase) {
        self.phase = phase
        phaseStartedAt = now
        if isClosed { graceUntil = nil }
    }

    mutating func write(_ bytes: ByteBuffer) {
        writtenInRound = isReceiving ? round : 0
        emit(.write(bytes))
    }

    mutating func emit(_ output: Output) {
        outputs.append(output)
    }

    /// The end of the session, and of the mail under way.
    mutating func end(_ reason: SessionFailure.Reason) {
        switch phase {
        case .closed: return
        case .quitting: break
        case .mail(let transaction):
            let failure = transaction.failure ?? SessionFailure(transaction.step, reason)
            emit(.finished(.failure(failure)))
        case .greeting, .hello, .helo, .startTLS, .handshake, .login, .open:
            let failure = SessionFailure(step, reason)
            lastFailure = failure
            emit(.failed(failure))
        }
        close()
    }

    private mutating func close() {
        emit(.close)
        enter(.closed)
    }

    /// A reply where none of its kind can be.
    static func reason(for reply: RemoteReply) -> SessionFailure.Reason {
        reply.code >= 400 ? .refused(reply) : .unexpected(reply)
    }

    var step: SessionFailure.Step {
        switch phase {
        case .greeting: .greeting
        case .hello, .helo: .hello
        case .startTLS: .startTLS
        case .handshake: .handshake
        case .login: .login
        case .mail(let transaction): transaction.step
        case .open, .quitting, .closed: .idle
        }
    }
}
