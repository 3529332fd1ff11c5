import MailModel

/// SES: `delivery`.
struct DeliveryObject: Encodable {
    var timestamp: String
    var processingTimeMillis: Int64
    var recipients: [String]
    var smtpResponse: String
    var reportingMTA: String
    var remoteMtaIp: String?

    init(_ told: SendingEvent.Delivery) {
        timestamp = told.at.iso8601Text
        processingTimeMillis = told.processingMilliseconds
        recipients = told.recipients.map(\.wireText)
        smtpResponse = Answer.text(told.reply)
        reportingMTA = told.reportingMTA
        remoteMtaIp = told.remoteIP
    }
}

/// SES: `bounce`.
struct BounceObject: Encodable {
    var bounceType: String
    var bounceSubType: String
    var bouncedRecipients: [RecipientObject]
    var timestamp: String
    var feedbackId: String
    var reportingMTA: String?

    init(_ told: SendingEvent.Bounce) {
        bounceType = told.type.type.rawValue
        bounceSubType = told.type.subtype.rawValue
        bouncedRecipients = told.recipients.map { RecipientObject($0, action: "failed") }
        timestamp = told.at.iso8601Text
        feedbackId = told.id.text
        reportingMTA = told.reportingMTA.map { "dns; \($0)" }
    }
}

/// SES: an entry of `bouncedRecipients`, `delayedRecipients`.
struct RecipientObject: Encodable {
    var emailAddress: String
    var action: String?
    var status: String?
    var diagnosticCode: String?

    /// `action` is told where something was answered.
    init(_ recipient: SendingEvent.Recipient, action: String? = nil) {
        emailAddress = recipient.address
        self.action = recipient.status == nil ? nil : action
        status = recipient.status?.description
        diagnosticCode =
            recipient.reply.map { "smtp; \(Answer.text($0))" }
            ?? recipient.detail.map(Answer.text)
    }
}

/// SES: `complaint`.
struct ComplaintObject: Encodable {
    struct Recipient: Encodable {
        var emailAddress: String
    }

    var complainedRecipients: [Recipient]
    var timestamp: String
    var feedbackId: String
    /// Told even where there is none: null.
    var complaintSubType: String?
    var userAgent: String?
    var complaintFeedbackType: String?
    var arrivalDate: String?

    init(_ told: SendingEvent.Complaint) {
        var room = Room(bytes: EventLimits.commonBytesMax)
        complainedRecipients = room.fit(told.recipients).map { Recipient(emailAddress: $0) }
        timestamp = told.at.iso8601Text
        feedbackId = told.id.text
        complaintSubType = told.subtype?.rawValue
        userAgent = told.userAgent.map(Answer.text)
        complaintFeedbackType = told.feedbackType.map(Answer.text)
        arrivalDate = told.arrivedAt?.iso8601Text
    }

    private enum CodingKeys: String, CodingKey {
        case complainedRecipients, timestamp, feedbackId, complaintSubType, userAgent
        case complaintFeedbackType, arrivalDate
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(complainedRecipients, forKey: .complainedRecipients)
        try container.encode(timestamp, forKey: .timestamp)
        try container.encode(feedbackId, forKey: .feedbackId)
        try container.encode(complaintSubType, forKey: .complaintSubType)
        try container.encodeIfPresent(userAgent, forKey: .userAgent)
        try container.encodeIfPresent(complaintFeedbackType, forKey: .complaintFeedbackType)
        try container.encodeIfPresent(arrivalDate, forKey: .arrivalDate)
    }
}

/// SES: `deliveryDelay`.
struct DeliveryDelayObject: Encodable {
    var timestamp: String
    var delayType: String
    var expirationTime: String
    var delayedRecipients: [RecipientObject]
    var reportingMTA: String?

    init(_ told: SendingEvent.DeliveryDelay) {
        timestamp = told.at.iso8601Text
        delayType = told.type.rawValue
        expirationTime = told.expiresAt.iso8601Text
        delayedRecipients = told.recipients.map { RecipientObject($0) }
        reportingMTA = told.reportingMTA
    }
}

/// SES: `reject`.
struct RejectObject: Encodable {
    var reason = "Bad content"
}

/// What others said, as an event quotes it.
private enum Answer {
    static func text(_ words: String) -> String {
        guard words.utf8.count > EventLimits.answerBytesMax else { return words }
        return String(decoding: words.utf8.prefix(EventLimits.answerBytesMax), as: UTF8.self)
    }
}
