package import MailModel
import Synchronization

/// Programs of this machine submit, too: who they are the kernel says, and what they hand over is
/// completed as sendmail does.
extension SubmissionFlow {
    /// Starts a mail of `user`. `domain` is given to addresses without one. What is wrong with its
    /// envelope is said here, as far as it does not stand in the mail.
    package func open(
        _ mail: LocalMail, of user: LocalUser, domain: Domain
    ) -> Result<any MailIntake, LocalRefusal> {
        guard !isClosed.withLock({ $0 }) else { return .failure(LocalRefusal(.shuttingDown)) }
        guard room.hasRoom(forBytes: mail.bytes) else {
            return .failure(LocalRefusal(.insufficientStorage))
        }
        let envelope: LocalEnvelope
        do throws(LocalRefusal) {
            envelope = try LocalEnvelope(mail, user, domain: domain, now: time.now())
        } catch {
            return .failure(error)
        }
        let bodyID = MailID(at: time.now(), random: random)
        return .success(
            LocalMailIntake(
                envelope, bodyID: bodyID, headerBytesMax: headerBytesMax,
                spool: BodySpool(bodyID, spool), outbound: outbound))
    }
}

/// The envelope of a local mail, checked: no text of it can be anything else than what it is.
package struct LocalEnvelope: Sendable {
    let mail: LocalMail
    let user: LocalUser
    let domain: Domain
    /// Who submits, by the machine's own name for them.
    let author: Mailbox
    /// Nil: whom the header names.
    package let sender: ReversePath?
    /// Each once, in their order.
    package let recipients: [Mailbox]

    package init(
        _ mail: LocalMail, _ user: LocalUser, domain: Domain, now: Timestamp
    ) throws(LocalRefusal) {
        self.mail = mail
        self.user = user
        self.domain = domain
        author = Mailbox(validatedLocalPart: user.word, domain: domain)
        try Self.check(mail, now)
        sender = try mail.sender.map { text throws(LocalRefusal) in
            if text.isEmpty || text == "<>" { return .null }
            let named = try Self.mailboxes(text, .sender, domain)
            guard named.count == 1 else {
                throw LocalRefusal(.sender, "“\(text)” is not one mail address")
            }
            return .mailbox(named[0])
        }
        var seen: Set<Mailbox> = []
        var recipients: [Mailbox] = []
        for text in mail.recipients {
            for mailbox in try Self.mailboxes(text, .recipient, domain)
            where seen.insert(mailbox).inserted {
                recipients.append(mailbox)
            }
        }
        self.recipients = recipients
        guard mail.takesHeaderRecipients || !recipients.isEmpty else {
            throw LocalRefusal(.request, "no recipients")
        }
    }

    private static func check(_ mail: LocalMail, _ now: Timestamp) throws(LocalRefusal) {
        let notification = mail.notification
        let texts = [
            mail.authorName, notification.envelopeID, notification.originalRecipient,
            mail.sendAtText,
        ].compactMap(\.self)
        for text in texts where text.utf8.count > LocalMail.textBytesMax || text.hasControls {
            throw LocalRefusal(
                .request, "a name, id or time is too long, or has control characters")
        }
        if let key = mail.idempotencyKey {
            guard (1...LocalMail.idempotencyKeyBytesMax).contains(key.utf8.count),
                key.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
            else {
                throw LocalRefusal(
                    .request,
                    "an idempotency key has 1 to \(LocalMail.idempotencyKeyBytesMax) printable "
                        + "ASCII characters without spaces")
            }
        }
        if let time = mail.sendAt {
            guard time <= now.advanced(bySeconds: LocalMail.scheduledDaysMax * 86_400) else {
                throw LocalRefusal(
                    .request,
                    "a mail is scheduled at most \(LocalMail.scheduledDaysMax) days ahead")
            }
        }
    }

    private static func mailboxes(
        _ text: String, _ kind: LocalRefusal.Kind, _ domain: Domain
    ) throws(LocalRefusal) -> [Mailbox] {
        guard text.utf8.count <= LocalMail.textBytesMax else {
            throw LocalRefusal(kind, "an address has over \(LocalMail.textBytesMax) bytes")
        }
        guard !text.hasControls else {
            throw LocalRefusal(kind, "an address has a control character")
        }
        guard let named = AddressList.named(by: text, domain: domain), !named.isEmpty else {
            throw LocalRefusal(kind, "“\(text)” is no mail address")
        }
        return named
    }
}

extension String {
    fileprivate var hasControls: Bool {
        unicodeScalars.contains { $0.value < 32 || (127...159).contains($0.value) }
    }
}
