import Foundation
import MailModel

/// What SES tells its customers, where a topic sends it as mail: JSON that begins the text.
/// https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
struct ServiceNotification: Decodable {
    private var notificationType: String?
    private var eventType: String?
    private var mail: Mail?
    private var bounce: Bounce?
    private var complaint: Complaint?
    private var delivery: Delivery?

    private struct Mail: Decodable {
        var messageId: String?
        var destination: [String]?
    }
    private struct Recipient: Decodable {
        var emailAddress: String
        var action: String?
        var status: String?
        var diagnosticCode: String?
    }
    private struct Bounce: Decodable {
        var bounceType: String?
        var bounceSubType: String?
        var bouncedRecipients: [Recipient]?
        var reportingMTA: String?
    }
    private struct Complaint: Decodable {
        var complainedRecipients: [Recipient]?
        var complaintFeedbackType: String?
        var userAgent: String?
        var arrivalDate: String?
    }
    private struct Delivery: Decodable {
        var recipients: [String]?
        var smtpResponse: String?
        var reportingMTA: String?
    }

    /// Nil if the mail's text does not begin with such an object.
    init?(_ message: MIMEMessage) {
        guard let part = message.parts.first(where: { $0.contentType.essence == "text/plain" }),
            !part.isInMessage
        else { return nil }
        let bytes = part.decodedBody(bytesMax: ReportText.partBytesMax)
        guard bytes.first(where: { $0 > 32 }) == UInt8(ascii: "{") else { return nil }
        // QUIRK: lines are wrapped anywhere; `--` begins what the topic adds.
        let lines = String(decoding: bytes, as: UTF8.self).lines()
        let json = lines.prefix { $0.trimmed() != "--" }.joined()
        guard let object = try? JSONDecoder().decode(Self.self, from: Data(json.utf8)),
            object.mail != nil, object.notificationType ?? object.eventType != nil
        else { return nil }
        self = object
    }

    /// Nil for what is no news of a delivery.
    var feedback: MailFeedback? {
        switch notificationType ?? eventType {
        case "Bounce": bounce.map { .delivery(report(of: $0)) }
        case "Complaint": complaint.map { .complaint(report(of: $0)) }
        case "Delivery": delivery.map { .delivery(report(of: $0)) }
        default: nil
        }
    }

    private func report(of bounce: Bounce) -> DeliveryReport {
        let recipients = (bounce.bouncedRecipients ?? []).map { recipient in
            var report = RecipientReport(action: .failed)
            report.finalAddress = recipient.emailAddress
            report.status = recipient.status.flatMap { EnhancedStatus(in: $0) }
            report.diagnostic = recipient.diagnosticCode.map { text in
                text.hasPrefix("smtp; ") ? String(text.dropFirst(6)) : text
            }
            report.read(fields: [])
            return report
        }
        var report = DeliveryReport(
            recipients: Array(recipients.prefix(DeliveryReport.recipientsMax)), original: nil,
            isFormal: true)
        report.reportingMTA = bounce.reportingMTA
        report.originalEnvelopeID = mail?.messageId
        return report
    }

    private func report(of delivery: Delivery) -> DeliveryReport {
        let recipients = (delivery.recipients ?? []).map { address in
            var report = RecipientReport(action: .delivered)
            report.finalAddress = address
            report.diagnostic = delivery.smtpResponse
            report.read(fields: [])
            return report
        }
        var report = DeliveryReport(
            recipients: Array(recipients.prefix(DeliveryReport.recipientsMax)), original: nil,
            isFormal: true)
        report.reportingMTA = delivery.reportingMTA
        report.originalEnvelopeID = mail?.messageId
        return report
    }

    private func report(of complaint: Complaint) -> FeedbackReport {
        var report = FeedbackReport(feedbackType: complaint.complaintFeedbackType ?? "abuse")
        report.originalRcptTo = (complaint.complainedRecipients ?? []).map(\.emailAddress)
        report.userAgent = complaint.userAgent
        report.arrivalDate = complaint.arrivalDate
        report.originalEnvelopeID = mail?.messageId
        return report
    }
}
