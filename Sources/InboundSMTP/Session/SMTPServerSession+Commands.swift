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
        case .rcpt(let path, let parameters): rcpt(path, parameters)
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
        case .auth(let mechanism, let initial): auth(mechanism, initial)
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
        // RFC 8689 §2: only under TLS.
        if tls != nil { extensions.append("REQUIRETLS") }
        if settings.role == .submission {
            // SES gives no enhanced codes there, and its clients read the id behind `Ok`.
            extensions.removeAll { $0 == "ENHANCEDSTATUSCODES" }
            extensions.append("DSN")
            if isLoginOffered { extensions.append("AUTH PLAIN LOGIN") }
        }
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
        guard settings.role == .mx || login != nil else {
            return refuse(
                tls == nil && settings.isTLSOffered
                    ? SMTPReplies.startTLSFirst : SMTPReplies.authFirst, about: path.wireText)
        }
        guard settings.role == .submission || !parameters.isOfSubmission else {
            return refuse(SMTPReplies.syntax(.parameterUnknown), about: path.wireText)
        }
        guard tls != nil || !parameters.requiresTLS else {
            return refuse(
                settings.isTLSOffered
                    ? SMTPReplies.startTLSFirst : SMTPReplies.syntax(.parameterUnknown),
                about: path.wireText)
        }
        guard transaction == nil else {
            return refuse(SMTPReplies.mailAgain, about: path.wireText)
        }
        guard mails < settings.limits.mailsMax else { return end(SMTPReplies.tooManyMails) }
        if let size = parameters.size, size > settings.limits.mailBytesMax {
            return refuse(SMTPReplies.sizeTooLarge, about: path.wireText)
        }
        mails += 1
        transaction = Transaction(
            mailFrom: path, parameters: parameters, begunAt: receiver.begin())
        send(SMTPReplies.mail)
    }

    /// Recipients beyond the limit that are told so since the last mail was taken; each further
    /// one is an error of the client.
    private static let recipientsTooManyMax = 1_000

    private mutating func rcpt(_ path: ForwardPath, _ parameters: RecipientParameters) {
        let subject: String
        switch path {
        case .postmaster: subject = "Postmaster"
        case .mailbox(let mailbox): subject = mailbox.wireText
        }
        guard let transaction else { return refuse(SMTPReplies.mailFirst, about: subject) }
        guard settings.role == .submission || parameters == RecipientParameters() else {
            return refuse(SMTPReplies.syntax(.parameterUnknown), about: subject)
        }
        guard transaction.chunks == nil else {
            return refuse(SMTPReplies.chunksOpen, about: subject)
        }
        if case .mailbox(let mailbox) = path, !transaction.parameters.isSMTPUTF8,
            !mailbox.localPart.utf8.allSatisfy({ $0 < 0x80 })
        {
            return refuse(SMTPReplies.needsSMTPUTF8, about: subject)
        }
        guard transaction.recipients.count < settings.limits.recipientsMax else {
            return refuseSurplus(SMTPReplies.tooManyRecipients, about: subject)
        }
        let admission = receiver.admit(
            recipient: path, of: envelope(of: transaction), begunAt: transaction.begunAt)
        switch admission {
        case .admitted(let mailbox):
            take(mailbox, parameters)
            send(SMTPReplies.rcpt)
        case .refused(let refusal) where refusal.isForThisMail:
            refuseSurplus(SMTPReplies.refusal(refusal), about: subject)
        case .refused(let refusal):
            self.transaction?.isRecipientRefused = true
            let isUnknown = settings.role == .submission && refusal == .recipientUnknown
            refuse(
                isUnknown
                    ? SubmissionReplies.unknownAddress(subject) : SMTPReplies.refusal(refusal),
                about: subject, by: refusal.rule)
        }
    }

    /// RFC 5321 §4.5.3.1.10: the rest comes in another mail; some try all of them first.
    private mutating func refuseSurplus(_ reply: SMTPReply, about subject: String) {
        recipientsTooMany += 1
        refuse(reply, about: subject, isError: recipientsTooMany > Self.recipientsTooManyMax)
    }

    private mutating func take(_ recipient: Mailbox, _ parameters: RecipientParameters) {
        guard transaction?.recipientsSeen.insert(recipient).inserted == true else {
            idleCommands += 1
            return
        }
        transaction?.recipients.append(recipient)
        transaction?.notifications.append(parameters)
    }
}
