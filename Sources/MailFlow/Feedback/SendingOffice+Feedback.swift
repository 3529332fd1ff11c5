import DeliveryQueue
import Events
import Feedback
import MailModel
import NIOCore
import Storage

/// What follows from what comes back later: the same as from what a next hop says at once.
extension SendingOffice {
    /// The recipient as it stands once `news` is known, and what is written together with that.
    struct FeedbackConsequences {
        var recipient: SentRecipient
        var consequences: Consequences
    }

    /// Nil where it was known: a recipient bounces once and complains once, and of the rest each kind is
    /// told once, and none after one that comes later in a mail's life. Whoever got the mail may write
    /// such news without end. `body`: where the mail goes back whole.
    func consequences(
        of news: FeedbackNews, for queued: QueuedRecipient, returning body: ByteBuffer?
    ) -> FeedbackConsequences? {
        let now = time.now()
        var recipient = queued.recipient
        let detail = news.detail
        guard recipient.state.admits(news), news.isNew(after: recipient.detail) else { return nil }
        recipient.detail = detail
        let consequences: Consequences
        switch news {
        case .bounce(let report, let reportingMTA):
            recipient.state = .bounced
            consequences = bounce(
                report, DeliveryNotice(report, by: reportingMTA), queued, now, returning: body)
        case .delay(let report, let reportingMTA):
            consequences = delay(
                DelayType(report.reason), DeliveryNotice(report, by: reportingMTA), queued, now,
                until: report.willRetryUntil.flatMap { Timestamp(rfc5322: $0) }
                    ?? recipient.expiresAt, isReported: true)
        case .success(let report, let reportingMTA):
            consequences = success(report, DeliveryNotice(report, by: reportingMTA), queued, now)
        case .complaint(let report):
            if report.isObjection { recipient.state = .complained }
            consequences = complaint(report, queued, now)
        case .answer:
            consequences = answer(queued, now)
        }
        return FeedbackConsequences(recipient: recipient, consequences: consequences)
    }

    /// A server that took the mail and gives it up after trying has tried for us: that is the end
    /// of its time, as it would be here. RFC 3463 §3.1: a failure of class 4 is one of those.
    private func bounce(
        _ report: RecipientReport, _ notice: DeliveryNotice, _ queued: QueuedRecipient,
        _ now: Timestamp, returning body: ByteBuffer?
    ) -> Consequences {
        let type = BounceType(reason: report.reason, permanence: report.permanence)
        let isExpired =
            report.reason == .expired
            || report.permanence == .temporary && type.type == .transient
        return bounce(
            isExpired ? .transient(report.reason) : type, notice, queued, now,
            isExpired: isExpired, returning: body)
    }

    /// Of it a sender is told who asked for that.
    private func success(
        _ report: RecipientReport, _ notice: DeliveryNotice, _ queued: QueuedRecipient,
        _ now: Timestamp
    ) -> Consequences {
        guard queued.recipient.notification.wants(.success) else { return Consequences() }
        let status = report.status ?? EnhancedStatus(class: 2, subject: 0, detail: 0)
        return Consequences(
            reports: self.report(
                report.action == .delivered ? .delivered : .relayed, status, notice, queued, now))
    }

    private func complaint(
        _ report: FeedbackReport, _ queued: QueuedRecipient, _ now: Timestamp
    ) -> Consequences {
        let id = MessageID(at: now, random: random)
        let event = SendingEvent.complaint(
            SendingEvent.Complaint(
                id: id, at: now, recipients: [queued.recipient.address.wireText],
                userAgent: report.userAgent, feedbackType: report.feedbackType,
                arrivedAt: report.arrivalDate.flatMap { Timestamp(rfc5322: $0) }))
        return Consequences(
            deliveries: publish(event, about: queued),
            suppressions: report.isObjection
                ? suppression(
                    .complaint, queued, id, now,
                    evidence: DeliveryNotice.line(
                        "\(report.feedbackType) \(report.userAgent.map { "by \($0)" } ?? "")"))
                : [])
    }

    /// SES: out of office is Transient/General, and counts for nothing.
    private func answer(_ queued: QueuedRecipient, _ now: Timestamp) -> Consequences {
        let event = SendingEvent.bounce(
            SendingEvent.Bounce(
                id: MessageID(at: now, random: random), at: now,
                type: BounceType(.transient, .general),
                recipients: [SendingEvent.Recipient(queued.recipient.address.wireText)]))
        return Consequences(deliveries: publish(event, about: queued))
    }
}

extension FeedbackNews {
    /// What is kept of it at its recipient: one line.
    fileprivate var detail: String {
        let said: String? =
            switch self {
            case .bounce(let report, let by), .delay(let report, let by),
                .success(let report, let by):
                DeliveryNotice(report, by: by).line
            case .complaint(let report): report.feedbackType
            case .answer(let subject): subject
            }
        return DeliveryNotice.line(said.map { "\(kindWord): \($0)" } ?? kindWord)
    }

    private var kindWord: String {
        switch self {
        case .bounce: "bounced later"
        case .delay: "delayed later"
        case .success: "arrived later"
        case .complaint: "complaint"
        case .answer: "answered automatically"
        }
    }

    /// In the order in which they come; after a bounce, the state decides.
    private static let words = [
        "delayed later", "arrived later", "answered automatically", "complaint",
    ]

    /// `detail`: what is known last of the recipient.
    fileprivate func isNew(after detail: String?) -> Bool {
        if case .complaint(let report) = self, report.isObjection { return true }
        guard let place = Self.words.firstIndex(of: kindWord) else { return true }
        let last = Self.words.lastIndex { detail?.hasPrefix($0) == true }
        return last.map { $0 < place } ?? true
    }
}

extension SentRecipient.State {
    /// Whether `news` can be any of a recipient in this state.
    fileprivate func admits(_ news: FeedbackNews) -> Bool {
        switch self {
        case .queued, .held, .delivered, .removed: return true
        case .bounced: if case .complaint = news { return true } else { return false }
        // Of who has said no nothing else is wanted, and whoever was never tried sent nothing.
        case .complained, .suppressed: return false
        }
    }
}
