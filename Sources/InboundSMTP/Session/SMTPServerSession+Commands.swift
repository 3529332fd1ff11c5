import MailFlow
import MailModel
import NIOCore
import SMTPProtocol

/// What each verb does. RFC 5321 §4.1
extension SMTPServerSession {
    mutating func handle(_ command: SMTPCommand) {
        switch command {
        case .mail, .rcpt, .data, .bdat, .quit, .starttls: break
        case .ehlo, .helo, .rset, .noop, .vrfy, .expn, .help, .auth: idleCommands += 1
        }
        switch command {
        case .ehlo(let name): greet(name, isExtended: true)
        case .helo(let name): greet(name, isExtended: false)
        case .mail(let path, let parameters): mail(path, parameters)
        case .rcpt(let path): rcpt(path)
        case .data: data()
        case .bdat(let size, let isLast): bdat(size, isLast)
        case .rset:
            abandon()
            send(SMTPReplies.rset)
        case .noop: send(SMTPReplies.noop)
        case .quit: end(SMTPReplies.quit)
        case .vrfy: send(SMTPReplies.vrfy)
        case .expn: refuse(SMTPReplies.expn, about: "EXPN")
        case .help: send(SMTPReplies.help)
        case .starttls: startTLS()
        case .auth:
            switch settings.role {
            case .mx: refuse(SMTPReplies.auth, about: "AUTH")
            }
        }
    }

    // MARK: Greeting

    private mutating func greet(_ name: String, isExtended: Bool) {
        abandon()
        helo = name
        self.isExtended = isExtended
        send(
            isExtended
                ? SMTPReplies.ehlo(settings.hostname, extensions)
                : SMTPReplies.helo(settings.hostname))
    }

    /// What we announce, and so honour.
    private var extensions: [String] {
        var extensions = [
            "PIPELINING", "SIZE \(settings.limits.mailBytesMax)", "8BITMIME",
            "ENHANCEDSTATUSCODES", "CHUNKING", "SMTPUTF8",
            "LIMITS RCPTMAX=\(announced(settings.limits.recipientsMax))"
                + " MAILMAX=\(announced(settings.limits.mailsMax))",
        ]
        if settings.isTLSOffered, tls == nil { extensions.append("STARTTLS") }
        return extensions
    }

    /// `limit-value = %x31-39 0*5DIGIT`: where we take more than six digits say, we say less.
    /// RFC 9422 §4
    private func announced(_ limit: Int) -> Int { min(limit, 999_999) }

    /// RFC 3207 §4: what was read before the handshake is thrown away, here and by the shell.
    private mutating func startTLS() {
        guard tls == nil else { return refuse(SMTPReplies.startTLSAgain, about: "STARTTLS") }
        guard settings.isTLSOffered else {
            return refuse(SMTPReplies.startTLSNotOffered, about: "STARTTLS")
        }
        abandon()
        send(SMTPReplies.startTLS)
        outputs.append(.startTLS)
        inbox.clear()
        enter(.handshake)
    }

    // MARK: Envelope

    private mutating func mail(_ path: ReversePath, _ parameters: MailParameters) {
        guard helo != nil else { return refuse(SMTPReplies.ehloFirst, about: path.wireText) }
        guard transaction == nil else {
            return refuse(SMTPReplies.mailAgain, about: path.wireText)
        }
        guard mails < settings.limits.mailsMax else { return end(SMTPReplies.tooManyMails) }
        if let size = parameters.size, size > settings.limits.mailBytesMax {
            return refuse(SMTPReplies.sizeTooLarge, about: path.wireText)
        }
        mails += 1
        transaction = Transaction(mailFrom: path, parameters: parameters)
        send(SMTPReplies.mail)
    }

    /// Recipients beyond the limit that are told so since the last mail was taken; each further
    /// one is an error of the client.
    private static let recipientsTooManyMax = 1_000

    private mutating func rcpt(_ path: ForwardPath) {
        let subject: String
        switch path {
        case .postmaster: subject = "Postmaster"
        case .mailbox(let mailbox): subject = mailbox.wireText
        }
        guard var transaction else { return refuse(SMTPReplies.mailFirst, about: subject) }
        guard transaction.chunks == nil else {
            return refuse(SMTPReplies.chunksOpen, about: subject)
        }
        if case .mailbox(let mailbox) = path, !transaction.parameters.isSMTPUTF8,
            !mailbox.localPart.utf8.allSatisfy({ $0 < 0x80 })
        {
            return refuse(SMTPReplies.needsSMTPUTF8, about: subject)
        }
        guard transaction.recipients.count < settings.limits.recipientsMax else {
            recipientsTooMany += 1
            // RFC 5321 §4.5.3.1.10: the rest comes in another mail; some try all of them first.
            return refuse(
                SMTPReplies.tooManyRecipients, about: subject,
                isError: recipientsTooMany > Self.recipientsTooManyMax)
        }
        switch receiver.admit(recipient: path, isTLS: tls != nil) {
        case .admitted(let mailbox):
            if transaction.recipients.contains(mailbox) {
                idleCommands += 1
            } else {
                transaction.recipients.append(mailbox)
            }
            self.transaction = transaction
            send(SMTPReplies.rcpt)
        case .refused(let refusal):
            transaction.isRecipientRefused = true
            self.transaction = transaction
            refuse(SMTPReplies.refusal(refusal), about: subject)
        }
    }

    // MARK: Data

    /// Whether a mail may begin; if not, says why.
    private func beginningFailure() -> SMTPReply? {
        guard helo != nil else { return SMTPReplies.ehloFirst }
        guard let transaction else { return SMTPReplies.mailFirst }
        guard transaction.recipients.isEmpty else { return nil }
        return transaction.isRecipientRefused
            ? SMTPReplies.noRecipients : SMTPReplies.rcptFirst
    }

    /// Opens the flow's side of the mail; answers why it cannot be.
    private mutating func open() -> SMTPReply? {
        guard var transaction else { return SMTPReplies.mailFirst }
        transaction.peerName = receiver.peerName(of: peer.address)
        self.transaction = transaction
        let envelope = envelope(of: transaction)
        switch receiver.open(envelope, declaredSize: transaction.parameters.size) {
        case .success(let intake):
            self.transaction?.intake = intake
            self.transaction?.openedAt = now
            return nil
        case .failure(let refusal): return SMTPReplies.refusal(refusal)
        }
    }

    private mutating func data() {
        if let failure = beginningFailure() { return refuse(failure, about: "DATA") }
        guard transaction?.chunks == nil else {
            return refuse(SMTPReplies.chunksOpen, about: "DATA")
        }
        if let failure = open() {
            transaction = nil
            idleCommands += 1
            return refuse(failure, about: "DATA")
        }
        send(SMTPReplies.data)
        enter(.data(decoder(.dots)))
    }

    private func decoder(_ framing: DataDecoder.Framing) -> DataDecoder {
        DataDecoder(
            framing: framing, policy: settings.bareLineEnds,
            lineBytesMax: settings.limits.dataLineBytesMax)
    }

    /// Smaller chunks, but for the last, count as commands that bring no mail nearer: a mail in
    /// single bytes would cost us a reply for each.
    private static let chunkBytesMin = 1_024

    /// RFC 3030 §2: whatever the answer will be, the chunk's bytes follow the command.
    private mutating func bdat(_ size: Int, _ isLast: Bool) {
        if transaction?.chunks == nil {
            if let failure = beginningFailure() {
                // Nothing to keep: a transaction that only counts what is thrown away.
                if transaction == nil {
                    transaction = Transaction(mailFrom: .null, parameters: MailParameters())
                }
                transaction?.failure = failure
            } else if let failure = open() {
                transaction?.failure = failure
            }
            // What is thrown away has its time, too.
            transaction?.openedAt = now
            let decoder = decoder(.counted)
            transaction?.chunks = decoder
        }
        if size < Self.chunkBytesMin, !isLast { idleCommands += 1 }
        let chunk = Chunk(size: size, left: size, isLast: isLast)
        enter(.chunk(chunk))
        if size == 0 { end(chunk) }
    }

    mutating func take(_ chunk: Chunk) {
        guard var decoder = transaction?.chunks,
            var bytes = inbox.readSlice(length: min(chunk.left, inbox.readableBytes))
        else { return end(SMTPReplies.refusal(.storageUnavailable)) }
        let length = bytes.readableBytes
        var pieces: [DataPiece] = []
        _ = decoder.decode(&bytes) { pieces.append($0) }
        transaction?.chunks = decoder
        for piece in pieces { take(piece) }
        count(length)
        guard !isClosed else { return }
        var chunk = chunk
        chunk.left -= length
        phase = .chunk(chunk)
        if chunk.left == 0 { end(chunk) }
    }

    /// The chunk's last byte was seen.
    private mutating func end(_ chunk: Chunk) {
        guard let failure = transaction?.failure else {
            return chunk.isLast ? finishChunks() : answer(chunk)
        }
        let subject = transaction?.mailFrom.wireText ?? ""
        // RFC 3030 §2: after a refused chunk the peer sends RSET, or the rest of its pipeline.
        if chunk.isLast {
            transaction = nil
        } else {
            transaction?.failure = SMTPReplies.chunksRefused
        }
        enter(.command)
        refuse(failure, about: subject)
    }

    private mutating func answer(_ chunk: Chunk) {
        enter(.command)
        send(SMTPReplies.chunk(chunk.size))
    }

    private mutating func finishChunks() {
        var pieces: [DataPiece] = []
        if var decoder = transaction?.chunks { decoder.finish { pieces.append($0) } }
        for piece in pieces { take(piece) }
        finishMail()
    }
}
