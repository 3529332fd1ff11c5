package import MailModel

/// What happened to a sent mail. ses.md E.3
package enum SendingEvent: Sendable {
    /// It was accepted.
    case send
    case delivery(Delivery)
    case bounce(Bounce)
    case complaint(Complaint)
    case deliveryDelay(DeliveryDelay)
    /// It was accepted, and then found to hold a virus.
    case reject

    /// The next hop has taken it.
    package struct Delivery: Sendable {
        package var at: Timestamp
        /// Since it was accepted.
        package var processingMilliseconds: Int64
        package var recipients: [Mailbox]
        /// The answer, code first, in one line.
        package var reply: String
        /// Our own name.
        package var reportingMTA: String
        package var remoteIP: String?

        package init(
            at: Timestamp, processingMilliseconds: Int64, recipients: [Mailbox], reply: String,
            reportingMTA: String, remoteIP: String?
        ) {
            self.at = at
            self.processingMilliseconds = processingMilliseconds
            self.recipients = recipients
            self.reply = reply
            self.reportingMTA = reportingMTA
            self.remoteIP = remoteIP
        }
    }

    /// It will not be tried again.
    package struct Bounce: Sendable {
        package var id: MessageID
        package var at: Timestamp
        package var type: BounceType
        package var recipients: [Recipient]
        /// Of the report that told it, or our own name where the next hop told us; nil where
        /// nobody was asked.
        package var reportingMTA: String?

        package init(
            id: MessageID, at: Timestamp, type: BounceType, recipients: [Recipient],
            reportingMTA: String? = nil
        ) {
            self.id = id
            self.at = at
            self.type = type
            self.recipients = recipients
            self.reportingMTA = reportingMTA
        }
    }

    /// Whom a bounce or a delay is about, and what was answered.
    package struct Recipient: Sendable {
        package var address: String
        package var status: EnhancedStatus?
        /// The answer, code first, in one line.
        package var reply: String?
        /// What we have to say where nobody answered.
        package var detail: String?

        package init(
            _ address: String, status: EnhancedStatus? = nil, reply: String? = nil,
            detail: String? = nil
        ) {
            self.address = address
            self.status = status
            self.reply = reply
            self.detail = detail
        }
    }

    /// Somebody says that they did not want it.
    package struct Complaint: Sendable {
        package enum Subtype: String, Sendable {
            case onAccountSuppressionList = "OnAccountSuppressionList"
        }

        package var id: MessageID
        package var at: Timestamp
        /// Who may have complained: every recipient at the domain.
        package var recipients: [String]
        package var subtype: Subtype?
        /// Of the report: ARF's fields. RFC 5965 §3
        package var userAgent: String?
        package var feedbackType: String?
        package var arrivedAt: Timestamp?

        package init(
            id: MessageID, at: Timestamp, recipients: [String], subtype: Subtype? = nil,
            userAgent: String? = nil, feedbackType: String? = nil, arrivedAt: Timestamp? = nil
        ) {
            self.id = id
            self.at = at
            self.recipients = recipients
            self.subtype = subtype
            self.userAgent = userAgent
            self.feedbackType = feedbackType
            self.arrivedAt = arrivedAt
        }
    }

    /// It will be tried again.
    package struct DeliveryDelay: Sendable {
        package var at: Timestamp
        package var type: DelayType
        package var expiresAt: Timestamp
        package var recipients: [Recipient]
        package var reportingMTA: String?

        package init(
            at: Timestamp, type: DelayType, expiresAt: Timestamp, recipients: [Recipient],
            reportingMTA: String? = nil
        ) {
            self.at = at
            self.type = type
            self.expiresAt = expiresAt
            self.recipients = recipients
            self.reportingMTA = reportingMTA
        }
    }
}
