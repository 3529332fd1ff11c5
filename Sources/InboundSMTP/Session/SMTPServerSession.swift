package import MailFlow
import MailModel
package import NIOCore
package import SMTPProtocol
import Storage

/// One SMTP session as a server, without sockets and clocks: bytes and times in, replies and steps
/// out. RFC 5321, with STARTTLS (3207), SIZE (1870), PIPELINING (2920), 8BITMIME (6152),
/// SMTPUTF8 (6531), ENHANCEDSTATUSCODES (2034), CHUNKING (3030) and LIMITS (9422).
///
/// After each call take `outputs` and do them in order. While `wantsInput` is false read no more:
/// that bounds what a session holds to what was read at once.
package struct SMTPServerSession {
    /// What the shell does next.
    package enum Output {
        case reply(SMTPReply)
        /// Ask `intake` to finish, and tell `committed` what came of it.
        case commit(any MailIntake)
        /// Throw away what was read, then shake hands; tell `secured`.
        case startTLS
        /// Close once the replies are written.
        case close
        case event(SessionEvent)
        /// Said only while the session is traced.
        case heard(Heard)
    }

    /// What the peer has said, for those who watch.
    package enum Heard {
        /// A command line as it came, without its line end.
        case line(ByteBuffer)
        case longLine
        /// A mail's data came to its end.
        case data(bytes: Int)
    }

    enum Phase {
        case command
        case data(DataDecoder)
        case chunk(Chunk)
        /// The mail is with the flow: nothing is read until it answers.
        case committing
        case handshake
        /// The client was asked for what it logs in with.
        case authenticating(AuthExchange)
        case closed
    }

    /// One BDAT command's bytes. RFC 3030 §2
    struct Chunk {
        let size: Int
        /// Bytes that are still to come.
        var left: Int
        let isLast: Bool
    }

    /// RFC 5321 §3.3: from MAIL to the mail's end.
    struct Transaction {
        var mailFrom: ReversePath
        var parameters: MailParameters
        /// As the receiver says; rules go by it.
        var begunAt: Timestamp
        var recipients: [Mailbox] = []
        /// What the sender wants to be told of each.
        var notifications: [RecipientParameters] = []
        /// The same, to be found at once.
        var recipientsSeen: Set<Mailbox> = []
        var isRecipientRefused = false
        /// Of the moment when the mail began.
        var peerName = PeerName.unknown
        var intake: (any MailIntake)?
        var chunks: DataDecoder?
        /// Bytes of content so far, and what will be answered at the end of it.
        var bytes = 0
        var failure: SMTPReply?
        /// As they came: with the framing's, and with those that were thrown away.
        var rawBytes = 0
        /// When the mail began: DATA, or the first BDAT.
        var openedAt: Int64?
    }

    let settings: SessionSettings
    let peer: SessionPeer
    let receiver: any MailReceiver
    let onDrain: @Sendable () -> Void
    /// Whether somebody watches, and wants `heard`.
    package var isTraced = false

    package internal(set) var outputs: [Output] = []
    var phase = Phase.command
    var inbox = ByteBuffer()
    private var lines: LineDecoder
    /// The argument of EHLO or HELO.
    var helo: String?
    var isExtended = false
    var tls: String?
    /// The name of the access key that the client has logged in with.
    var login: Submitter?
    var transaction: Transaction?
    /// The mail's intake asked us to wait.
    var isPaused: Bool { pausedAt != nil }
    /// Since when.
    var pausedAt: Int64?
    /// What is held back, if anything is.
    var hold: Hold?
    var isShuttingDown = false
    /// The peer sends no more.
    private var isInputEnded = false
    private var isDisconnected = false
    /// Mails that were begun. RFC 9422 §4.1 counts those that came to nothing, too.
    var mails = 0
    var errors = 0
    /// Since the last mail that was taken.
    var recipientsTooMany = 0
    var idleCommands = 0
    // Milliseconds of a clock that never goes back.
    var now: Int64
    var phaseStartedAt: Int64
    var lastInputAt: Int64

    /// `tls` describes a handshake that came before everything else. `onDrain` is called from any
    /// thread when a paused mail wants bytes again: tell `drained`.
    package init(
        settings: SessionSettings, peer: SessionPeer, receiver: any MailReceiver,
        tls: String? = nil, now: Int64, onDrain: @escaping @Sendable () -> Void
    ) {
        self.settings = settings
        self.peer = peer
        self.receiver = receiver
        self.onDrain = onDrain
        self.tls = tls
        self.now = now
        phaseStartedAt = now
        lastInputAt = now
        lines = LineDecoder(lineBytesMax: settings.limits.commandBytesMax)
    }

    // MARK: What happens to a session

    /// The connection stands: greets, now or in a while, or refuses the peer.
    package mutating func start() {
        switch receiver.admit(peerAddress: peer.address) {
        case .admitted:
            holdGreeting()
            send(SMTPReplies.greeting(settings.hostname))
        case .refused(let refusal):
            end(SMTPReplies.refusal(ofPeer: refusal))
        }
    }

    package mutating func receive(_ bytes: inout ByteBuffer, at now: Int64) {
        self.now = now
        lastInputAt = now
        if inbox.readableBytes == 0 {
            inbox = bytes
            bytes.moveReaderIndex(to: bytes.writerIndex)
        } else {
            inbox.writeBuffer(&bytes)
        }
        process()
    }

    /// The mail's intake has room again.
    package mutating func drained(at now: Int64) {
        self.now = now
        // What the peer had to wait is not its time.
        if let pausedAt {
            phaseStartedAt += now - pausedAt
            if let openedAt = transaction?.openedAt {
                transaction?.openedAt = openedAt + now - pausedAt
            }
        }
        pausedAt = nil
        lastInputAt = now
        process()
    }

    /// What became of the mail that `commit` was about.
    package mutating func committed(_ outcome: IntakeOutcome, at now: Int64) {
        self.now = now
        guard case .committing = phase, let transaction else { return }
        switch outcome {
        case .accepted(let id):
            idleCommands = 0
            recipientsTooMany = 0
            outputs.append(
                .event(.accepted(id, envelope(of: transaction), bytes: transaction.bytes)))
            send(SMTPReplies.accepted(id))
        case .sent(let id):
            idleCommands = 0
            recipientsTooMany = 0
            outputs.append(
                .event(.submitted(id, envelope(of: transaction), bytes: transaction.bytes)))
            send(SMTPReplies.sent(id))
        case .refused(let refusal):
            refuse(
                SMTPReplies.refusal(refusal), about: transaction.mailFrom.wireText,
                by: refusal.rule)
        }
        self.transaction = nil
        // What the mail was waiting for is past with it.
        pausedAt = nil
        if !isClosed { enter(isDisconnected ? .closed : .command) }
        if isShuttingDown { end(SMTPReplies.shuttingDown) }
        process()
    }

    /// The handshake succeeded; RFC 3207 §4.2: the session starts over.
    package mutating func secured(_ description: String, at now: Int64) {
        self.now = now
        tls = description
        helo = nil
        isExtended = false
        login = nil
        transaction = nil
        inbox.clear()
        lines = LineDecoder(lineBytesMax: settings.limits.commandBytesMax)
        enter(.command)
    }

    /// We are ending: a mail that is coming in may finish, anything else ends now.
    package mutating func shutDown() {
        isShuttingDown = true
        release()
        switch phase {
        case .command where transaction?.intake == nil, .handshake, .authenticating:
            end(SMTPReplies.shuttingDown)
        case .command, .data, .chunk, .committing, .closed: break
        }
    }

    /// The time that `shutDown` left is over. A mail that is being committed still gets its answer.
    package mutating func cutOff() {
        if case .committing = phase { return }
        release()
        end(SMTPReplies.shuttingDown)
    }

    /// The peer sends no more, and may still listen: what it has sent gets its answers.
    package mutating func inputEnded() {
        isInputEnded = true
        process()
    }

    /// The connection is gone.
    package mutating func disconnected() {
        isDisconnected = true
        hold = nil
        // The flow has the mail: it is taken or refused whether or not anyone listens.
        if case .committing = phase { return }
        abandon()
        enter(.closed)
    }

    /// Whether more bytes can be taken now.
    package var wantsInput: Bool {
        if let hold { return hold.isBrokenByInput }
        return switch phase {
        case .command, .data, .chunk, .authenticating: !isPaused
        case .handshake: true
        case .committing, .closed: false
        }
    }

    package var isClosed: Bool {
        if case .closed = phase { true } else { false }
    }

    package mutating func takeOutputs() -> [Output] {
        defer { outputs.removeAll(keepingCapacity: true) }
        return outputs
    }

    // MARK: Steps

    mutating func process() {
        processInbox()
        guard isInputEnded, !isPaused, hold == nil else { return }
        switch phase {
        case .command, .data, .chunk, .handshake, .authenticating:
            abandon()
            emit(.close)
            enter(.closed)
        case .committing, .closed: break
        }
    }

    private mutating func processInbox() {
        if inbox.readableBytes > 0 { refuseEarlyTalker() }
        while inbox.readableBytes > 0, !isPaused, hold == nil {
            switch phase {
            case .command:
                guard let line = lines.next(&inbox) else { return }
                lastInputAt = now
                handle(line)
            case .authenticating(let exchange):
                guard let line = lines.next(&inbox) else { return }
                lastInputAt = now
                handle(line, of: exchange)
            case .data(var decoder):
                let length = inbox.readableBytes
                let isAtEnd = take(&decoder)
                phase = .data(decoder)
                count(length - inbox.readableBytes)
                if isAtEnd { finishMail() }
            case .chunk(let chunk): take(chunk)
            case .committing, .handshake: return
            case .closed: inbox.clear()
            }
        }
        if inbox.readableBytes == 0 { inbox = ByteBuffer() }
    }

    mutating func enter(_ phase: Phase) {
        self.phase = phase
        if isClosed { inbox.clear() }
        phaseStartedAt = now
        lastInputAt = now
    }

    mutating func send(_ reply: SMTPReply) {
        emit(.reply(settings.role.wording(reply)))
    }

    /// A reply that says no: told in the log, counted and perhaps delayed where it is the client's
    /// error.
    mutating func refuse(
        _ reply: SMTPReply, about subject: String, by rule: String? = nil, isError: Bool? = nil
    ) {
        outputs.append(.event(.refused(reply: reply, subject: subject, rule: rule)))
        guard isError ?? (reply.code >= 500) else { return send(reply) }
        errors += 1
        holdErrorReply()
        send(reply)
        if errors >= settings.limits.errorsMax { end(SMTPReplies.tooManyErrors) }
    }

    /// The last reply of a session.
    mutating func end(_ reply: SMTPReply) {
        guard !isClosed else { return }
        abandon()
        if reply != SMTPReplies.quit { outputs.append(.event(.ended(because: reply))) }
        send(reply)
        emit(.close)
        enter(.closed)
    }

    /// Leaves the open transaction; nothing of its mail stays.
    mutating func abandon() {
        if let transaction, let intake = transaction.intake {
            intake.abandon()
            outputs.append(.event(.cut(mailFrom: transaction.mailFrom, bytes: transaction.bytes)))
        }
        transaction = nil
    }

    func envelope(of transaction: Transaction) -> ReceivedEnvelope {
        ReceivedEnvelope(
            mailFrom: transaction.mailFrom, recipients: transaction.recipients,
            helo: helo ?? "", peerAddress: peer.address, peerName: transaction.peerName, tls: tls,
            isExtended: isExtended,
            isSMTPUTF8: transaction.parameters.isSMTPUTF8,
            is8BitMIME: transaction.parameters.is8BitMIME,
            requiresTLS: transaction.parameters.requiresTLS)
    }
}
