import MailFlow
import MailModel
import NIOCore
import SMTPProtocol

/// A mail's bytes: DATA and BDAT, what is taken of them, and the mail's end. RFC 5321 §4.1.1.4,
/// RFC 3030
extension SMTPServerSession {
    // MARK: DATA and BDAT

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
        switch receiver.open(envelope, details(of: transaction)) {
        case .success(let intake):
            self.transaction?.intake = intake
            self.transaction?.openedAt = now
            return nil
        case .failure(let refusal): return SMTPReplies.refusal(refusal)
        }
    }

    private func details(of transaction: Transaction) -> MailDetails {
        MailDetails(
            begunAt: transaction.begunAt, declaredSize: transaction.parameters.size, login: login,
            notifications: transaction.notifications.map { parameters in
                DeliveryNotification(
                    occasions: parameters.occasions,
                    originalRecipient: parameters.originalRecipient,
                    returned: transaction.parameters.returned,
                    envelopeID: transaction.parameters.envelopeID)
            })
    }

    mutating func data() {
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
    mutating func bdat(_ size: Int, _ isLast: Bool) {
        if transaction?.chunks == nil {
            if let failure = beginningFailure() {
                // Nothing to keep: a transaction that only counts what is thrown away.
                if transaction == nil {
                    transaction = Transaction(
                        mailFrom: .null, parameters: MailParameters(), begunAt: receiver.begin())
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

    // MARK: Taking a mail's bytes

    /// Feeds what was read to `decoder`; says whether DATA's end was reached.
    mutating func take(_ decoder: inout DataDecoder) -> Bool {
        var input = inbox
        inbox = ByteBuffer()
        var pieces: [DataPiece] = []
        let isAtEnd = decoder.decode(&input) { pieces.append($0) }
        inbox = input
        for piece in pieces { take(piece) }
        return isAtEnd
    }

    mutating func take(_ piece: DataPiece) {
        switch piece {
        case .content(let bytes): append(bytes)
        case .fault(let fault): fail(SMTPReplies.fault(fault))
        }
    }

    private mutating func append(_ bytes: ByteBuffer) {
        let before = transaction?.bytes ?? 0
        transaction?.bytes += bytes.readableBytes
        guard let transaction, transaction.failure == nil, let intake = transaction.intake else {
            return
        }
        // What fits is looked at first: what is answered must not depend on how much came at once.
        let fitting = min(bytes.readableBytes, settings.limits.mailBytesMax - before)
        let slice = bytes.getSlice(at: bytes.readerIndex, length: fitting) ?? bytes
        switch intake.append(slice, onDrain: onDrain) {
        case .goOn: break
        case .pause: pausedAt = pausedAt ?? now
        case .refused(let refusal): fail(SMTPReplies.refusal(refusal))
        }
        if fitting < bytes.readableBytes { fail(SMTPReplies.sizeTooLarge) }
    }

    /// The mail will be refused at its end: what still comes of it is thrown away.
    mutating func fail(_ reply: SMTPReply) {
        guard transaction?.failure == nil else { return }
        transaction?.failure = reply
        transaction?.intake?.abandon()
        transaction?.intake = nil
        // Nobody will call to say that there is room: what comes is thrown away.
        pausedAt = nil
    }

    /// What is read of a mail that is refused, in sizes of the largest mail.
    private static let refusedMailSizesMax = 3

    /// A peer whose mail is refused may send it to its end, but not for ever.
    mutating func count(_ bytes: Int) {
        transaction?.rawBytes += bytes
        guard let transaction, transaction.failure != nil,
            transaction.rawBytes > Self.refusedMailSizesMax * settings.limits.mailBytesMax
        else { return }
        end(SMTPReplies.tooMuchData)
    }

    /// The mail is whole.
    mutating func finishMail() {
        guard let transaction else { return }
        if isTraced { outputs.append(.heard(.data(bytes: transaction.bytes))) }
        if let failure = transaction.failure {
            self.transaction = nil
            enter(.command)
            refuse(failure, about: transaction.mailFrom.wireText)
            if isShuttingDown { end(SMTPReplies.shuttingDown) }
        } else if let intake = transaction.intake {
            enter(.committing)
            outputs.append(.commit(intake))
        }
    }
}
