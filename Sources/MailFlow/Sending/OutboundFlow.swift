package import Accounts
package import DeliveryQueue
package import MailModel
import NIOCore
package import Screening
package import Storage

/// The way of a mail that is to be sent, one call a step: **authorise** (the identity that it is sent
/// as) → **compose** (its header section as it leaves) → **suppress** → **sign** → **screen** →
/// **commit** → accepted → `DeliveryQueue`.
///
/// What it answers is what whoever sends is told; a mail is taken whole or not at all.
package final class OutboundFlow: Sendable {
    /// To, Cc and Bcc of one mail together. SES: 50
    package static let recipientsMax = 50
    /// How long after it was signed a mail may be handed over at the latest: it may be scheduled, and
    /// is then tried. One that an operator holds may be so later.
    package static func inFlightSecondsMax(_ plans: RetryPlans) -> Int64 {
        LocalMail.scheduledDaysMax * 86_400 + plans.giveUpAfterSecondsMax
    }

    let settings: SendingSettings
    let identities: IdentityDirectory
    let senders: SendingIdentities
    let office: SendingOffice
    let store: any SendingStore & SuppressionStore
    let bodies: any BodyFiles
    let routes: RouteTable
    let plans: RetryPlans
    private let virusScanner: MailScreener.Scanner?
    private let composer: SubmissionComposer
    let signer: SubmissionSigner
    let executor: (any TaskExecutor)?
    let time: any TimeSource
    let random: any RandomSource
    let onFailure: @Sendable (StorageFailure) -> Void
    let onAccepted: @Sendable (AcceptedSending) -> Void

    /// `virusScanner`: nil where nobody looks into what is sent. `executor`: whose threads may block;
    /// signing takes its time, and the lists of who is not sent to are asked there. `onAccepted` is
    /// called from the writer's thread once a mail is durable.
    package init(
        settings: SendingSettings, identities: IdentityDirectory, senders: SendingIdentities,
        office: SendingOffice, store: any SendingStore & SuppressionStore,
        bodies: any BodyFiles, routes: RouteTable, plans: RetryPlans,
        virusScanner: MailScreener.Scanner?, executor: (any TaskExecutor)?, time: any TimeSource,
        random: any RandomSource,
        onFailure: @escaping @Sendable (StorageFailure) -> Void,
        onAccepted: @escaping @Sendable (AcceptedSending) -> Void
    ) {
        self.settings = settings
        self.identities = identities
        self.senders = senders
        self.office = office
        self.store = store
        self.bodies = bodies
        self.routes = routes
        self.plans = plans
        self.virusScanner = virusScanner
        composer = SubmissionComposer(settings: settings, senders: senders)
        signer = SubmissionSigner(
            senders: senders, bodies: bodies, onUnsignable: settings.onUnsignable,
            onFailure: onFailure)
        self.executor = executor
        self.time = time
        self.random = random
        self.onFailure = onFailure
        self.onAccepted = onAccepted
    }

    /// Takes the mail that `submission` makes of what `spool` has, once that is whole. Calls
    /// `completion` once, from any thread.
    func take(
        _ spool: BodySpool, completion: @escaping @Sendable (IntakeOutcome) -> Void,
        as submission: @escaping @Sendable (BodySpool.Content) -> Submission
    ) {
        spool.finish { result in
            switch result {
            case .failure(let refusal): completion(.refused(refusal))
            case .success(let body):
                self.take(submission(body)) { outcome in
                    switch outcome {
                    case .success(let id): completion(.sent(id))
                    case .failure(let refusal): completion(.refused(refusal))
                    }
                }
            }
        }
    }

    /// After a refusal the mail's body file is gone.
    private func take(
        _ submission: Submission,
        completion: @escaping @Sendable (Result<MessageID, Refusal>) -> Void
    ) {
        Task(executorPreference: executor) {
            do throws(Refusal) {
                let sending = try await self.screened(try self.ready(submission), submission)
                self.commit(sending, submission.body, completion)
            } catch {
                self.forget(submission.bodyID, submission.body)
                completion(.failure(error))
            }
        }
    }

    // MARK: Steps

    /// The mail as it leaves, and who is tried.
    private func ready(_ submission: Submission) throws(Refusal) -> AcceptedSending {
        let now = time.now()
        let id = MessageID(at: now, random: random)
        let header = try composer.read(submission)
        try checkLocalParts(submission.recipients.map(\.mailbox) + header.from)
        let author = header.from[0]
        let identity = try authorise(header, submission)
        let returnDomain = try returnDomain(for: author.domain)
        let composed = composer.compose(header, submission, id, at: now)
        let suppressed = try suppressed(
            submission.recipients.map(\.mailbox), submission.sender, at: now)
        let signed = try signer.sign(composed, submission, for: author.domain, at: now)
        let mail = composer.record(
            id, submission, header, signed, identity: identity, returnDomain: returnDomain, at: now)
        let recipients = submission.recipients.enumerated().map { position, asked in
            recipient(
                SentRecipient.Key(mail: id, position: position), asked.mailbox,
                dueAt: max(now, submission.sendAt ?? now), asked.notification, suppressed, at: now)
        }
        var sending = AcceptedSending(
            mail: mail, recipients: recipients, body: submission.body.memory,
            // Of one caller: others choose the same words.
            idempotencyKey: submission.idempotencyKey.map {
                "\(submission.caller.utf8.count):\(submission.caller)\($0)"
            })
        let told = office.announce(
            sending, suppressed: suppressed, returning: returnedBody(of: sending))
        (sending.deliveries, sending.reports) = (told.deliveries, told.reports)
        if !recipients.contains(where: \.state.isOpen) { sending.end() }
        return sending
    }

    private func checkLocalParts(_ mailboxes: [Mailbox]) throws(Refusal) {
        let bytesMax = AddressParser.sentLocalPartBytesMax
        for mailbox in mailboxes where mailbox.localPart.utf8.count > bytesMax {
            throw .unsendable(
                "Transaction failed: \(mailbox.wireText) has over \(bytesMax) bytes before its @.")
        }
    }

    func recipient(
        _ key: SentRecipient.Key, _ mailbox: Mailbox, dueAt: Timestamp,
        _ notification: DeliveryNotification, _ suppressed: [String: SuppressionRecord],
        at now: Timestamp
    ) -> SentRecipient {
        let destination = routes.destination(of: mailbox.domain)
        let row = SentRecipient(
            key: key, address: mailbox, destination: destination, dueAt: dueAt,
            expiresAt: dueAt.advanced(bySeconds: plans.plan(for: destination).giveUpAfterSeconds),
            notification: notification)
        guard let suppression = suppressed[SuppressionRecord.address(mailbox)] else { return row }
        return row.after(.suppressed(suppression), at: now)
    }

    /// Where the sender gets the mail back whole for a recipient that is not tried.
    private func returnedBody(of sending: AcceptedSending) -> ByteBuffer? {
        let mail = sending.mail
        let isReturned = sending.recipients.contains { recipient in
            recipient.state == .suppressed
                && QueuedRecipient(mail: mail, recipient: recipient).isReturnedWhole
        }
        guard isReturned else { return nil }
        return sending.body ?? (try? bodies.read(mail.bodyID, from: 0, length: mail.bodyLength))
    }

    /// **Screen**: what holds a virus is accepted, and goes nowhere. SES: `Reject`
    private func screened(
        _ sending: AcceptedSending, _ submission: Submission
    ) async throws(Refusal) -> AcceptedSending {
        guard let virusScanner, sending.mail.state != .ended else { return sending }
        let body = submission.body
        let envelope = ReceivedEnvelope(
            mailFrom: submission.sender, recipients: submission.recipients.map(\.mailbox), helo: "",
            peerAddress: submission.sourceIP ?? "", tls: nil, isExtended: true,
            isSMTPUTF8: submission.isSMTPUTF8, is8BitMIME: sending.mail.is8Bit)
        let verdict = await virusScanner.scanner.scan(
            ScannedMail(
                id: submission.bodyID, envelope: envelope, front: sending.mail.head,
                content: body.memory.map(MailContent.bytes)
                    ?? .file(path: bodies.path(of: submission.bodyID), length: body.length),
                headLength: 0, length: body.length))
        if verdict.isUnavailable, virusScanner.whenUnavailable == .defer {
            throw .scannerUnavailable
        }
        guard verdict.status == .fail else { return sending }
        var sending = sending
        for index in sending.recipients.indices where sending.recipients[index].state.isOpen {
            sending.recipients[index].state = .removed
            sending.recipients[index].detail = "rejected: \(verdict.reason)"
        }
        sending.end()
        (sending.deliveries, sending.reports) = (office.reject(sending), [])
        return sending
    }

    /// **Authorise**: who the header says it is from, and the path that it came with, each are of a
    /// verified identity. Answers the identity of From.
    private func authorise(
        _ header: SubmittedHeader, _ submission: Submission
    ) throws(Refusal) -> String {
        var named = header.authorities
        if case .mailbox(let sender) = submission.sender { named.append(sender) }
        var unverified: [String] = []
        for mailbox in named where !identities.covers(mailbox) {
            let text = mailbox.wireText
            if !unverified.contains(text) { unverified.append(text) }
        }
        guard unverified.isEmpty, let identity = identities.identity(covering: header.from[0])
        else { throw .unverifiedSender(unverified, region: settings.region) }
        return identity
    }

    func returnDomain(for domain: Domain) throws(Refusal) -> Domain {
        switch senders.returnDomain(for: domain) {
        case .standard: return settings.returnDomain
        case .custom(let custom): return custom
        case .refused(let custom):
            throw .unsendable(
                "Message rejected: the MAIL FROM domain \(custom) is not set up in the DNS")
        }
    }

    /// **Suppress**: who is on a list is accepted, and never tried. The sender is asked for, too:
    /// reports are mails to them.
    func suppressed(
        _ mailboxes: [Mailbox], _ sender: ReversePath, at now: Timestamp
    ) throws(Refusal) -> [String: SuppressionRecord] {
        let simulated = mailboxes.compactMap { settings.simulator?.suppression(of: $0, at: now) }
        var asked = mailboxes
        if case .mailbox(let sender) = sender { asked.append(sender) }
        do throws(StorageFailure) {
            let listed = try store.suppressions(
                of: asked.map(SuppressionRecord.address), account: .main)
            return simulated.reduce(into: listed) { $0[$1.address] = $1 }
        } catch {
            onFailure(error)
            throw Refusal(error)
        }
    }

    // MARK: The promise

    func commit(
        _ sending: AcceptedSending, _ body: BodySpool.Content,
        _ completion: @escaping @Sendable (Result<MessageID, Refusal>) -> Void
    ) {
        store.accept(sending) { [self] result in
            switch result {
            case .success(.accepted(let id)):
                completion(.success(id))
                if sending.mail.state == .ended { forget(sending.mail.bodyID, body) }
                onAccepted(sending)
            case .success(.repeated(let id)):
                forget(sending.mail.bodyID, body)
                completion(.success(id))
            case .success(.conflicting(let id)):
                forget(sending.mail.bodyID, body)
                completion(
                    .failure(
                        .unsendable(
                            "Message rejected: the idempotency key is that of another mail, "
                                + id.text)))
            case .failure(let failure):
                onFailure(failure)
                if !failure.isSyncFailure { forget(sending.mail.bodyID, body) }
                completion(.failure(Refusal(failure)))
            }
        }
    }

    func forget(_ bodyID: MailID, _ body: BodySpool.Content) {
        if body.memory == nil { bodies.remove([bodyID]) }
    }
}

extension AcceptedSending {
    /// Nobody is tried: it has ended, and its bytes go.
    mutating func end() {
        mail.state = .ended
        if mail.bodyPlace == .row { mail.bodyPlace = .expired }
        body = nil
    }
}

extension Refusal {
    /// SES's words before ours.
    static func unreadableHeader(_ refusal: HeaderRefusal) -> Refusal {
        .unsendable("Transaction failed: \(refusal)")
    }

    /// SES's words.
    static func unverifiedSender(_ addresses: [String], region: String) -> Refusal {
        let list = addresses.joined(separator: ", ")
        let shown = list.utf8.count <= 300 ? list : String(list.prefix(300)) + "..."
        return .unverified(
            "Message rejected: Email address is not verified. The following identities failed "
                + "the check in region \(region.uppercased()): \(shown)")
    }
}
