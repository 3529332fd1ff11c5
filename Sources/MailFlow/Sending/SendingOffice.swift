package import Accounts
package import DeliveryQueue
import Events
import Feedback
package import MailModel
import NIOCore
import SMTPProtocol
package import Storage
package import Topics

/// What follows from what happens to a sent mail: its events, who is sent to no more, and the mail
/// that tells its sender. Pure but for ids and the time.
package struct SendingOffice: DeliveryOffice {
    /// SES: of event publishing.
    private static let subject = "Amazon SES Email Event Notification"

    private let settings: SendingSettings
    private let tokens: ReturnPathToken.Key
    private let topics: TopicDirectory
    private let routes: RouteTable
    private let plans: RetryPlans
    private let time: any TimeSource
    private let random: any RandomSource

    package init(
        settings: SendingSettings, tokens: ReturnPathToken.Key, topics: TopicDirectory,
        routes: RouteTable, plans: RetryPlans, time: any TimeSource, random: any RandomSource
    ) {
        self.settings = settings
        self.tokens = tokens
        self.topics = topics
        self.routes = routes
        self.plans = plans
        self.time = time
        self.random = random
    }

    /// A path of its own for each recipient, so that whatever comes back says whom it is about. A
    /// mail that came from nowhere has none: nobody reports on it. RFC 5321 §4.5.5
    package func returnPath(of queued: QueuedRecipient) -> ReversePath {
        guard case .mailbox = queued.mail.sender,
            let position = UInt8(exactly: queued.recipient.key.position)
        else { return .null }
        let token = ReturnPathToken(mail: queued.mail.id, position: position)
        return .mailbox(
            Mailbox(validatedLocalPart: tokens.text(token), domain: queued.mail.returnDomain))
    }

    // MARK: What is said

    /// What is told of a mail that is being taken: that it was sent, and who of its recipients will
    /// not be tried.
    func announce(
        _ sending: AcceptedSending, suppressed: [String: SuppressionRecord]
    ) -> [TopicDelivery] {
        let recipients = sending.recipients.map(\.address)
        var told = publish(.send, sending.mail, recipients)
        for recipient in sending.recipients where recipient.state == .suppressed {
            guard let record = suppressed[SuppressionRecord.address(recipient.address)] else {
                continue
            }
            told += publish(event(of: record, recipient), sending.mail, recipients)
        }
        return told
    }

    package func consequences(
        of ending: TryEnding, for queued: QueuedRecipient
    ) -> Consequences {
        let now = time.now()
        let recipient = queued.recipient
        func tell(_ event: SendingEvent, _ attempt: DeliveryAttempt? = nil) -> [TopicDelivery] {
            publish(
                event, queued.mail, [recipient.address],
                outgoingIP: attempt?.localAddress?.description)
        }
        switch ending {
        case .delivered(let reply, let attempt):
            let event = SendingEvent.delivery(
                SendingEvent.Delivery(
                    at: now,
                    processingMilliseconds: now.milliseconds
                        - queued.mail.acceptedAt.milliseconds,
                    recipients: [recipient.address], reply: reply.text,
                    reportingMTA: settings.hostname.ascii,
                    remoteIP: attempt.remote?.address.description))
            var consequences = Consequences(deliveries: tell(event, attempt))
            if recipient.notification.occasions?.contains(.success) == true {
                consequences.reports = report(
                    .relayed, EnhancedStatus(class: 2, subject: 0, detail: 0), nil, attempt, queued,
                    now)
            }
            return consequences
        case .deferred(let problem, let attempt, _):
            let event = SendingEvent.deliveryDelay(
                SendingEvent.DeliveryDelay(
                    at: now, type: DelayType(problem.reason), expiresAt: recipient.expiresAt,
                    recipients: [told(recipient, problem)],
                    reportingMTA: settings.hostname.ascii))
            return Consequences(deliveries: tell(event, attempt))
        case .failed(let problem, let attempt):
            return bounce(
                BounceType(reason: problem.reason, permanence: .permanent), problem, attempt,
                queued, now, isExpired: false)
        case .expired(let problem, let attempt):
            return bounce(
                .expired(problem?.reason ?? .networkError), problem, attempt, queued, now,
                isExpired: true)
        case .suppressed(let record):
            return Consequences(
                deliveries: tell(event(of: record, recipient)))
        }
    }

    /// A hard bounce puts the address on the account's list, and so does the end of a mail's time:
    /// whoever could not be reached for so long is not tried again by the next mail.
    private func bounce(
        _ type: BounceType, _ problem: DeliveryProblem?, _ attempt: DeliveryAttempt?,
        _ queued: QueuedRecipient, _ now: Timestamp, isExpired: Bool
    ) -> Consequences {
        let recipient = queued.recipient
        let feedbackID = MessageID(at: now, random: random)
        let event = SendingEvent.bounce(
            SendingEvent.Bounce(
                id: feedbackID, at: now, type: type, recipients: [told(recipient, problem)],
                reportingMTA: "dns; \(settings.hostname.ascii)",
                remoteIP: attempt?.remote?.address.description))
        var consequences = Consequences(
            deliveries: publish(
                event, queued.mail, [recipient.address],
                outgoingIP: attempt?.localAddress?.description))
        if queued.mail.sender != .null, type.type == .permanent || isExpired {
            consequences.suppressions = [
                SuppressionRecord(
                    scope: .account(queued.mail.account),
                    address: SuppressionRecord.address(recipient.address), reason: .bounce,
                    changedAt: now, messageID: queued.mail.id, feedbackID: feedbackID.text,
                    evidence: problem.map(\.line))
            ]
        }
        let wanted = recipient.notification.occasions
        if wanted.map({ $0.contains(.failure) }) ?? true {
            consequences.reports = report(
                .failed, problem?.enhancedStatus ?? EnhancedStatus(class: 4, subject: 4, detail: 7),
                problem, attempt, queued, now)
        }
        return consequences
    }

    private func event(
        of record: SuppressionRecord, _ recipient: SentRecipient
    ) -> SendingEvent {
        let now = time.now()
        let id = MessageID(at: now, random: random)
        let address = recipient.address.wireText
        switch (record.scope, record.reason) {
        case (.global, _):
            return .bounce(
                SendingEvent.Bounce(
                    id: id, at: now, type: BounceType(.permanent, .suppressed),
                    recipients: [
                        SendingEvent.Recipient(
                            address, status: EnhancedStatus(class: 5, subject: 1, detail: 1),
                            detail: "the global suppression list has the address")
                    ]))
        case (.account, .bounce):
            return .bounce(
                SendingEvent.Bounce(
                    id: id, at: now, type: BounceType(.permanent, .onAccountSuppressionList),
                    recipients: [
                        SendingEvent.Recipient(
                            address, status: EnhancedStatus(class: 5, subject: 1, detail: 1),
                            detail: "the account's suppression list has the address")
                    ]))
        case (.account, .complaint):
            return .complaint(
                SendingEvent.Complaint(
                    id: id, at: now, recipients: [address], subtype: .onAccountSuppressionList))
        }
    }

    private func told(
        _ recipient: SentRecipient, _ problem: DeliveryProblem?
    ) -> SendingEvent.Recipient {
        SendingEvent.Recipient(
            recipient.address.wireText, status: problem?.enhancedStatus,
            // Of one that was not tried again, what was said the last time.
            reply: problem?.reply?.text, detail: problem?.detail ?? recipient.detail)
    }

    private func publish(
        _ event: SendingEvent, _ mail: SentMailRecord, _ recipients: [Mailbox],
        outgoingIP: String? = nil
    ) -> [TopicDelivery] {
        // Of mails of ours nobody is told.
        guard let topic = settings.eventsTopic, mail.sender != .null else { return [] }
        let described = SentMail(
            id: mail.id, acceptedAt: mail.acceptedAt, source: mail.sender,
            identityARN: "arn:aws:ses:\(settings.region):\(settings.accountNumber):identity/"
                + mail.facts.identity,
            account: settings.accountNumber, recipients: recipients,
            head: HeaderBlock(Array(mail.head.readableBytesView)[...]),
            origin: SentMail.Origin(
                operation: mail.facts.operation, sourceIP: mail.facts.sourceIP,
                caller: mail.facts.caller, configurationSet: mail.facts.configurationSet,
                tags: mail.facts.tags),
            outgoingIP: outgoingIP)
        return topics.deliveries(
            of: String(decoding: SendingEvents.event(event, of: described), as: UTF8.self),
            subject: Self.subject, topic: topic, at: time.now(), random: random) ?? []
    }

    // MARK: Mails of ours

    /// RFC 3464; never to a null path.
    private func report(
        _ action: DeliveryReportMail.Action, _ status: EnhancedStatus, _ problem: DeliveryProblem?,
        _ attempt: DeliveryAttempt?, _ queued: QueuedRecipient, _ now: Timestamp
    ) -> [AcceptedSending] {
        guard case .mailbox(let sender) = queued.mail.sender else { return [] }
        let id = MessageID(at: now, random: random)
        let recipient = queued.recipient
        let mail = DeliveryReportMail(
            id: id, at: now, domain: settings.returnDomain, to: sender,
            reportingMTA: settings.hostname, arrivedAt: queued.mail.acceptedAt,
            envelopeID: recipient.notification.envelopeID,
            recipients: [
                DeliveryReportMail.Recipient(
                    address: recipient.address,
                    originalRecipient: recipient.notification.originalRecipient, action: action,
                    status: status, remoteMTA: attempt?.remote?.name, reply: problem?.reply?.text,
                    detail: problem?.detail ?? recipient.detail,
                    lastAttemptAt: attempt == nil ? recipient.lastAttemptAt : now)
            ],
            original: .header(Array(queued.mail.head.readableBytesView)[...]))
        return [sending(mail.bytes, id, to: sender, about: queued.mail, now)]
    }

    private func sending(
        _ bytes: [UInt8], _ id: MessageID, to recipient: Mailbox, about mail: SentMailRecord,
        _ now: Timestamp
    ) -> AcceptedSending {
        let length = HeaderBlock(bytes[...]).length
        let head = ByteBuffer(bytes: bytes[..<length])
        let body = ByteBuffer(bytes: bytes[length...])
        var checksum = Checksum()
        checksum.update(head)
        checksum.update(body)
        let destination = routes.destination(of: recipient.domain)
        return AcceptedSending(
            mail: SentMailRecord(
                id: id, bodyID: MailID(at: now, random: random), account: mail.account,
                acceptedAt: now,
                facts: SendingFacts(
                    operation: "DeliveryReport", sourceIP: nil, caller: "martlet",
                    identity: settings.returnDomain.ascii),
                sender: .null, returnDomain: settings.returnDomain, head: head, bodyPlace: .row,
                bodyLength: body.readableBytes, checksum: checksum.value, is8Bit: false,
                isSMTPUTF8: recipient.localPart.utf8.contains { $0 > 127 }),
            recipients: [
                SentRecipient(
                    key: SentRecipient.Key(mail: id, position: 0), address: recipient,
                    destination: destination, dueAt: now,
                    expiresAt: now.advanced(
                        bySeconds: plans.plan(for: destination).giveUpAfterSeconds))
            ], body: body)
    }
}

extension DeliveryProblem {
    var enhancedStatus: EnhancedStatus {
        EnhancedStatus(class: status.class, subject: status.subject, detail: status.detail)
    }

    var reason: BounceReason {
        BounceReason(
            code: reply?.code, text: reply?.lines.joined(separator: " ") ?? detail,
            status: enhancedStatus)
    }

    /// In one line, as it was said.
    var line: String { reply?.text ?? detail }
}
