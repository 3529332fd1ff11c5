package import DeliveryQueue
package import NIOCore
import SMTPProtocol

/// One mail: MAIL, RCPT, DATA or BDAT, and the content.
extension SMTPClientSession {
    /// RFC 5321 §3.3: from MAIL to the answer to the mail's end.
    struct Transaction {
        enum Command {
            case reset
            case mail
            case recipient
            case data
            /// BDAT, whose answer comes when all of the chunk was sent.
            case chunk
            /// CRLF.CRLF
            case end
        }

        enum Content {
            case unsent
            /// So many bytes of it are still to come from the shell: one at least.
            case sending(left: Int)
            /// With its end: from here on the server may take the mail.
            case sent
        }

        let commands: MailCommands
        let length: Int
        /// In the order in which they are sent.
        var unsent: ArraySlice<Command>
        /// Sent, in the order in which they are answered.
        var awaited: [Command] = []
        var content = Content.unsent
        var encoder: DataEncoder
        var isRecipientTaken = false
        /// The first that went wrong: what the mail will be told to have come to.
        var failure: SessionFailure?

        /// Whether the server may have taken the mail.
        var isContentSent: Bool {
            if case .sent = content { failure == nil } else { false }
        }

        var step: SessionFailure.Step {
            switch content {
            case .sent: return .end
            case .sending: return .content
            case .unsent: break
            }
            return awaited.first.map(Self.step) ?? .mail
        }

        static func step(_ command: Command) -> SessionFailure.Step {
            switch command {
            case .reset: .reset
            case .mail: .mail
            case .recipient: .recipient
            case .data: .data
            case .chunk, .end: .end
            }
        }
    }

    /// Sends one mail. What the server does not offer and the mail needs is said without a try.
    /// Only where `canTakeMail`.
    package mutating func deliver(_ mail: OutgoingMail, at now: Int64) {
        self.now = now
        guard canTakeMail else {
            let failure = lastFailure ?? SessionFailure(.idle, .lost("the session is over"))
            return emit(.finished(.failure(failure)))
        }
        if let lack = MailCommands.lack(of: extensions, for: mail) {
            return emit(.finished(.failure(SessionFailure(.mail, .lacks(lack)))))
        }
        let commands: MailCommands
        do throws(SessionFailure) {
            commands = try MailCommands(mail, for: extensions)
        } catch {
            return emit(.finished(.failure(error)))
        }
        mails += 1
        let isChunked = extensions.keywords.contains(.chunking)
        let transaction = Transaction(
            commands: commands, length: mail.length,
            unsent: (needsReset ? [.reset] : []) + [.mail, .recipient, isChunked ? .chunk : .data],
            encoder: DataEncoder(framing: isChunked ? .counted : .dots))
        enter(.mail(transaction))
        sendCommands(transaction)
    }

    /// The next bytes of the content. Its end goes with the last of them, so that no server has all
    /// of a mail that we hold to be under way.
    package mutating func send(_ piece: ByteBuffer, at now: Int64) {
        self.now = now
        guard case .mail(var transaction) = phase, case .sending(let left) = transaction.content
        else { return }
        guard piece.readableBytes <= left else { return contentFailed(Self.wrongLength) }
        do throws(ContentFault) {
            var parts = [try transaction.encoder.encode(piece)]
            if piece.readableBytes < left {
                transaction.content = .sending(left: left - piece.readableBytes)
            } else {
                parts.append(try transaction.encoder.finish())
                transaction.content = .sent
            }
            enter(.mail(transaction))
            for part in parts where part.readableBytes > 0 { write(part) }
        } catch {
            end(.unsendable(.content(error)))
        }
    }

    static let wrongLength = "it has not as many bytes as it was said to have"

    /// The content cannot be had: its end is never sent, and nothing is delivered.
    package mutating func contentFailed(_ reason: String) {
        end(.unsendable(.unreadable(reason)))
    }

    /// Whether the shell has to give bytes to `send`.
    package var wantsContent: Bool {
        guard case .mail(let transaction) = phase, case .sending = transaction.content else {
            return false
        }
        return true
    }

    /// An empty content is sent with that.
    private mutating func askForContent(_ transaction: Transaction) {
        var transaction = transaction
        transaction.content = .sending(left: transaction.length)
        enter(.mail(transaction))
        emit(.content)
        if transaction.length == 0 { send(ByteBuffer(), at: now) }
    }

    // MARK: Commands

    /// Sends as many as may go now, in one piece.
    private mutating func sendCommands(_ transaction: Transaction) {
        var transaction = transaction
        var bytes = ByteBuffer()
        var isContentNext = false
        while let command = transaction.unsent.first, mayGo(command, transaction) {
            transaction.unsent.removeFirst()
            transaction.awaited.append(command)
            switch command {
            case .reset: bytes.writeStaticString("RSET\r\n")
            case .mail: bytes.writeImmutableBuffer(transaction.commands.mail)
            case .recipient: bytes.writeImmutableBuffer(transaction.commands.recipient)
            case .data: bytes.writeStaticString("DATA\r\n")
            case .chunk:
                bytes.writeString("BDAT \(transaction.length) LAST\r\n")
                isContentNext = true
            case .end: break
            }
        }
        enter(.mail(transaction))
        if bytes.readableBytes > 0 { write(bytes) }
        if isContentNext { askForContent(transaction) }
    }

    /// RFC 2920 §3.1: the whole group without waiting. A chunk goes when its recipient is taken: a
    /// server that refuses it and does not pass over its bytes would take them for commands.
    private func mayGo(_ command: Transaction.Command, _ transaction: Transaction) -> Bool {
        guard !transaction.awaited.isEmpty else { return true }
        return command != .chunk && extensions.keywords.contains(.pipelining)
    }

    // MARK: Replies

    mutating func take(_ reply: RemoteReply, for transaction: Transaction) {
        var transaction = transaction
        guard let command = transaction.awaited.first else { return end(.unexpected(reply)) }
        guard !isOutOfTurn else { return end(.unexpected(reply)) }
        transaction.awaited.removeFirst()
        guard reply.code != 421, command != .reset || reply.code / 100 == 2 else {
            let step = Transaction.step(command)
            transaction.failure =
                transaction.failure ?? SessionFailure(step, Self.reason(for: reply))
            enter(.mail(transaction))
            return end(.refused(reply))
        }
        switch command {
        case .reset: goOn(transaction)
        case .mail, .recipient: takeAddress(reply, command, transaction)
        case .data: takeData(reply, transaction)
        case .chunk, .end: takeEnd(reply, transaction)
        }
    }

    private mutating func takeAddress(
        _ reply: RemoteReply, _ command: Transaction.Command, _ transaction: Transaction
    ) {
        var transaction = transaction
        switch reply.code / 100 {
        case 2: if command == .recipient { transaction.isRecipientTaken = true }
        case 4, 5: transaction.fail(command, reply)
        default: return end(.unexpected(reply))
        }
        goOn(transaction)
    }

    /// RFC 2920 §3.1: a server may ask for the content though it has refused the recipient; it gets
    /// none. One that has a recipient and no sender might take even that for a mail.
    private mutating func takeData(_ reply: RemoteReply, _ transaction: Transaction) {
        var transaction = transaction
        switch reply.code / 100 {
        case 3 where transaction.failure == nil:
            transaction.awaited.append(.end)
            askForContent(transaction)
        case 3 where !transaction.isRecipientTaken:
            transaction.awaited.append(.end)
            enter(.mail(transaction))
            write(ByteBuffer(string: ".\r\n"))
        case 4, 5:
            transaction.fail(.data, reply)
            goOn(transaction)
        default: end(.unexpected(reply))
        }
    }

    private mutating func takeEnd(_ reply: RemoteReply, _ transaction: Transaction) {
        var transaction = transaction
        if case .sending = transaction.content {
            // Whatever it says, it has not seen the mail; the rest of it would be commands.
            return end(Self.reason(for: reply))
        }
        switch reply.code / 100 {
        case 2 where transaction.failure == nil: return finish(.success(reply))
        case 2: break
        case 4, 5: transaction.fail(.end, reply)
        default: return end(.unexpected(reply))
        }
        goOn(transaction)
    }

    private mutating func goOn(_ transaction: Transaction) {
        var transaction = transaction
        if transaction.failure != nil { transaction.unsent = [] }
        if transaction.unsent.isEmpty, transaction.awaited.isEmpty,
            let failure = transaction.failure
        {
            return finish(.failure(failure))
        }
        sendCommands(transaction)
    }

    private mutating func finish(_ result: Result<RemoteReply, SessionFailure>) {
        if case .failure = result { needsReset = true } else { needsReset = false }
        let isGivenUp = graceUntil != nil
        enter(isGivenUp ? .closed : .open)
        emit(.finished(result))
        if isGivenUp { emit(.close) }
    }
}

extension SMTPClientSession.Transaction {
    mutating func fail(_ command: Command, _ reply: RemoteReply) {
        failure = failure ?? SessionFailure(Self.step(command), .refused(reply))
    }
}
