package import Accounts
package import DeliveryQueue
import Events
package import MailModel
package import NIOCore
import SMTPProtocol
package import Storage
package import Topics

/// What follows from what happens to a sent mail: its events, who is sent to no more, and the mail
/// that tells its sender. Pure but for ids, the time, and the keys that reports are signed with.
package struct SendingOffice: DeliveryOffice {
    /// SES: of event publishing.
    private static let subject = "Amazon SES Email Event Notification"
    /// From a recipient's first time on; a mail that is put off after it is delayed.
    package static let lateSeconds: Int64 = 4 * 3_600

    let settings: SendingSettings
    let senders: SendingIdentities
    private let tokens: ReturnPathToken.Key
    private let topics: TopicDirectory
    let routes: RouteTable
    let plans: RetryPlans
    let time: any TimeSource
    let random: any RandomSource

    package init(
        settings: SendingSettings, senders: SendingIdentities, tokens: ReturnPathToken.Key,
        topics: TopicDirectory, routes: RouteTable, plans: RetryPlans, time: any TimeSource,
        random: any RandomSource
    ) {
        self.settings = settings
        self.senders = senders
        self.tokens = tokens
        self.topics = topics
        self.routes = routes
        self.plans = plans
        self.time = time
        self.random = random
    }

    /// A path of its own for each recipient, so that whatever comes back says whom it is about. A
    /// mail that came from nowhere has none: nobody reports on it. RFC 5321 §4.5.5 What a rule hands on
    /// keeps its own.
    package func returnPath(of queued: QueuedRecipient) -> ReversePath {
        if queued.mail.facts.isRelayed { return queued.mail.sender }
        guard case .mailbox = queued.mail.sender,
            let position = UInt8(exactly: queued.recipient.key.position)
        else { return .null }
        let token = ReturnPathToken(mail: queued.mail.id, position: position)
        return .mailbox(
            Mailbox(validatedLocalPart: tokens.text(token), domain: queued.mail.returnDomain))
    }

    // MARK: What is said

    /// What is told of a mail that was found to hold a virus. SES: `Reject`
    func reject(_ sending: AcceptedSending) -> [TopicDelivery] {
        let recipients = sending.recipients.map(\.address)
        return publish(.send, sending.mail, recipients)
            + publish(.reject, sending.mail, recipients)
    }

    package func consequences(
        of ending: TryEnding, for queued: QueuedRecipient, returning body: ByteBuffer?
    ) -> Consequences {
        let now = time.now()
        func notice(_ problem: DeliveryProblem?, _ attempt: DeliveryAttempt?) -> DeliveryNotice {
            DeliveryNotice(problem, attempt, by: settings.hostname, at: now)
        }
        switch ending {
        case .delivered(let reply, let attempt):
            return delivered(reply, attempt, queued, now)
        case .deferred(let problem, let attempt, _):
            return delay(
                problem.delayType, notice(problem, attempt), queued, now,
                until: queued.recipient.expiresAt, isReported: isLate(queued.recipient, now))
        case .failed(let problem, let attempt):
            return bounce(
                problem.bounceType, notice(problem, attempt), queued, now, isExpired: false,
                returning: body)
        case .expired(let problem, let attempt):
            guard attempt == nil, let last = queued.recipient.lastAnswer else {
                return bounce(
                    .transient(problem.reason), notice(problem, attempt), queued, now,
                    isExpired: true, returning: body)
            }
            return bounce(
                .transient(last.reason),
                DeliveryNotice(last, of: queued.recipient, by: settings.hostname), queued, now,
                isExpired: true, returning: body)
        case .returned:
            // Nothing is said against the address.
            return bounce(
                .transient(.networkError), notice(.sentBack(queued.recipient.detail), nil), queued,
                now, isExpired: false, returning: body)
        case .suppressed(let record):
            return suppressed(
                by: record, queued, among: [queued.recipient.address], returning: body)
        }
    }

    private func delivered(
        _ reply: RemoteReply, _ attempt: DeliveryAttempt, _ queued: QueuedRecipient,
        _ now: Timestamp
    ) -> Consequences {
        let recipient = queued.recipient
        let event = SendingEvent.delivery(
            SendingEvent.Delivery(
                at: now,
                processingMilliseconds: now.milliseconds - queued.mail.acceptedAt.milliseconds,
                recipients: [recipient.address], reply: reply.text,
                reportingMTA: settings.hostname.ascii,
                remoteIP: attempt.remote?.address.description))
        var consequences = Consequences(
            deliveries: publish(
                event, about: queued, outgoingIP: attempt.localAddress?.description))
        // Where the next hop has taken that on, it reports to us.
        if recipient.notification.wants(.success), !attempt.isNotificationHandedOn {
            consequences.reports = report(
                .relayed, EnhancedStatus(class: 2, subject: 0, detail: 0),
                DeliveryNotice(nil, attempt, by: settings.hostname, at: now), queued, now)
        }
        if let news = settings.simulator?.news(of: recipient.address, at: now),
            let told = self.consequences(of: news, for: queued, returning: nil)
        {
            consequences.deliveries += told.consequences.deliveries
        }
        return consequences
    }

    /// Whether a recipient that is put off now is so for the first time since `lateSeconds` are over:
    /// each try leaves its time behind.
    private func isLate(_ recipient: SentRecipient, _ now: Timestamp) -> Bool {
        let seconds = plans.plan(for: recipient.destination).giveUpAfterSeconds - Self.lateSeconds
        let lateAt = recipient.expiresAt.advanced(bySeconds: -seconds)
        return now >= lateAt && recipient.lastAttemptAt.map { $0 < lateAt } ?? true
    }

    /// A mail to the sender who asked for that, where it `isReported`. RFC 3461 §4.1
    func delay(
        _ type: DelayType, _ notice: DeliveryNotice, _ queued: QueuedRecipient, _ now: Timestamp,
        until expiresAt: Timestamp, isReported: Bool
    ) -> Consequences {
        let event = SendingEvent.deliveryDelay(
            SendingEvent.DeliveryDelay(
                at: now, type: type, expiresAt: expiresAt,
                recipients: [told(queued.recipient, notice)], reportingMTA: notice.reportingMTA))
        var consequences = Consequences(
            deliveries: publish(event, about: queued, outgoingIP: notice.outgoingIP))
        if isReported, queued.recipient.notification.wants(.delay) {
            let unknown = EnhancedStatus(class: 4, subject: 0, detail: 0)
            consequences.reports = report(
                .delayed, notice.status ?? unknown, notice, queued, now, until: expiresAt)
        }
        return consequences
    }

    /// A hard bounce puts the address on the account's list, and so does the end of a mail's time:
    /// whoever could not be reached for so long is not tried again by the next mail.
    func bounce(
        _ type: BounceType, _ notice: DeliveryNotice, _ queued: QueuedRecipient, _ now: Timestamp,
        isExpired: Bool, returning body: ByteBuffer?
    ) -> Consequences {
        let recipient = queued.recipient
        let feedbackID = MessageID(at: now, random: random)
        let event = SendingEvent.bounce(
            SendingEvent.Bounce(
                id: feedbackID, at: now, type: type, recipients: [told(recipient, notice)],
                reportingMTA: notice.reportingMTA))
        var consequences = Consequences(
            deliveries: publish(event, about: queued, outgoingIP: notice.outgoingIP))
        // Whom nobody has tried, for whatever reason of ours, has said nothing. And what a stranger
        // wrote is put off for what it is: that is no word about whom it is sent on to.
        let isTooLate =
            isExpired && !notice.isOurs(settings.hostname)
            && (recipient.lastAttemptAt != nil || notice.attemptedAt != nil
                || notice.reportingMTA != settings.hostname.ascii)
            && !queued.mail.facts.isForward
        if type.type == .permanent || isTooLate {
            consequences.suppressions = suppression(
                .bounce, queued, feedbackID, now, evidence: notice.line)
        }
        if recipient.notification.wants(.failure) {
            let unknown = EnhancedStatus(
                class: isExpired ? 4 : 5, subject: isExpired ? 4 : 0, detail: isExpired ? 7 : 0)
            consequences.reports = report(
                .failed, notice.status ?? unknown, notice, queued, now, returning: body)
        }
        return consequences
    }

    /// The recipient's place on the account's list; none for mails of ours, for those that are
    /// handed on, and for those that nobody gets.
    func suppression(
        _ reason: SuppressionRecord.Reason, _ queued: QueuedRecipient, _ feedbackID: MessageID,
        _ now: Timestamp, evidence: String?
    ) -> [SuppressionRecord] {
        let address = queued.recipient.address
        let facts = queued.mail.facts
        guard !facts.isReport, !facts.isRelayed, settings.simulator?.domain != address.domain else {
            return []
        }
        return [
            SuppressionRecord(
                scope: .account(queued.mail.account), address: SuppressionRecord.address(address),
                reason: reason, changedAt: now, messageID: queued.mail.id,
                feedbackID: feedbackID.text, evidence: evidence)
        ]
    }

    func told(
        _ recipient: SentRecipient, _ notice: DeliveryNotice
    ) -> SendingEvent.Recipient {
        SendingEvent.Recipient(
            recipient.address.wireText, status: notice.status, reply: notice.reply,
            // Of one that was not tried again, what was said the last time.
            detail: notice.detail ?? recipient.detail)
    }

    func publish(
        _ event: SendingEvent, about queued: QueuedRecipient, outgoingIP: String? = nil
    ) -> [TopicDelivery] {
        publish(event, queued.mail, [queued.recipient.address], outgoingIP: outgoingIP)
    }

    func publish(
        _ event: SendingEvent, _ mail: SentMailRecord, _ recipients: [Mailbox],
        outgoingIP: String? = nil
    ) -> [TopicDelivery] {
        guard let topic = settings.eventsTopic, mail.facts.isTold else { return [] }
        let head = HeaderBlock(Array(mail.head.readableBytesView)[...])
        let described = SentMail(
            id: mail.id, acceptedAt: mail.acceptedAt, source: mail.sender,
            identityARN: "arn:aws:ses:\(settings.region):\(settings.accountNumber):identity/"
                + mail.facts.identity,
            account: settings.accountNumber, recipients: recipients,
            head: head,
            sendersMessageID: mail.facts.sendersMessageID,
            origin: SentMail.Origin(
                operation: mail.facts.operation, sourceIP: mail.facts.sourceIP,
                caller: mail.facts.caller, configurationSet: mail.facts.configurationSet,
                tags: mail.facts.tags),
            outgoingIP: outgoingIP)
        return topics.deliveries(
            of: String(decoding: SendingEvents.event(event, of: described), as: UTF8.self),
            subject: Self.subject, topic: topic,
            // What we told by mail may be on its way on, by a rule.
            subscriptions: TopicMail.subscriptions(in: head), at: time.now(), random: random) ?? []
    }
}

extension DeliveryProblem {
    /// By an operator; `last` is what was said of it before.
    fileprivate static func sentBack(_ last: String?) -> DeliveryProblem {
        DeliveryProblem(
            .mail, status: EnhancedStatusCode(4, 4, 7),
            detail: "sent back by an operator before it was delivered"
                + (last.map { "; last: \($0)" } ?? ""))
    }
}
