import DeliveryQueue
import Feedback
import MailModel
import SMTPProtocol
import Storage

/// What is said of a mail's way to one recipient: by the next hop at the end of a try, or by a
/// report that came later.
struct DeliveryNotice: Sendable {
    /// What a report of others said, in bytes: a line in a row, not a copy of it.
    private static let lineBytesMax = 1_000
    /// SES's, of an address that is not sent to.
    static let suppressed = EnhancedStatus(class: 5, subject: 1, detail: 1)

    var status: EnhancedStatus?
    /// What a server answered, code first, in one line.
    var reply: String?
    /// What was said otherwise.
    var detail: String?
    /// Name of the host that says so.
    var reportingMTA: String?
    /// Name of the host that answered.
    var remoteMTA: String?
    /// Of ours, that it left from.
    var outgoingIP: String?
    /// Nil where nobody was asked now.
    var attemptedAt: Timestamp?

    /// In one line, as it was said.
    var line: String? { reply ?? detail }

    /// Whether it is about this server (`hostname`) and not about the recipient, as
    /// `DeliveryProblem.isOurs`.
    func isOurs(_ hostname: Domain) -> Bool {
        reply == nil && reportingMTA == hostname.ascii && status?.isOfMailSystem ?? false
    }

    /// Of a try of ours that ended at `now`, or was not made.
    init(
        _ problem: DeliveryProblem?, _ attempt: DeliveryAttempt?, by hostname: Domain,
        at now: Timestamp
    ) {
        status = problem?.enhancedStatus
        reply = problem?.reply?.text
        detail = problem?.detail
        reportingMTA = hostname.ascii
        remoteMTA = attempt?.remote?.name
        outgoingIP = attempt?.localAddress?.description
        attemptedAt = attempt == nil ? nil : now
    }

    /// Of one that nobody was asked about, since a list has the address.
    init(_ record: SuppressionRecord) {
        status = Self.suppressed
        detail =
            switch record.scope {
            case .global: "the global suppression list has the address"
            case .account: "the account's suppression list has the address"
            }
    }

    /// At the end of a recipient's time, of its last try.
    init(_ answer: LastAnswer, of recipient: SentRecipient, by hostname: Domain) {
        status = answer.status
        reply = answer.reply
        detail = recipient.detail
        reportingMTA = hostname.ascii
        remoteMTA = answer.host
        attemptedAt = recipient.lastAttemptAt
    }

    init(_ report: RecipientReport, by reportingMTA: String?) {
        status = report.status
        reply = report.reply.map { Self.line("\($0.code) \($0.text)") }
        detail = report.diagnostic.map(Self.line)
        self.reportingMTA = reportingMTA
        remoteMTA = report.remoteMTA
        attemptedAt = report.lastAttemptDate.flatMap { Timestamp(rfc5322: $0) }
    }

    /// One line of what others wrote, with an end.
    static func line(_ text: String) -> String {
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard words.utf8.count > lineBytesMax else { return words }
        return String(decoding: words.utf8.prefix(lineBytesMax), as: UTF8.self)
    }
}

extension DeliveryProblem {
    var reason: BounceReason {
        BounceReason(
            code: reply?.code, text: reply?.lines.joined(separator: " ") ?? detail,
            status: enhancedStatus)
    }

    /// Where nobody answered, a status of the mail system (RFC 3463 §3.4) is about ours; a mail's
    /// size (x.3.4) is not.
    var delayType: DelayType {
        isOurs ? .internalFailure : DelayType(reason)
    }

    /// Of one that ends the mail. The code says that it does (RFC 5321 §4.2.1); a status of class 4
    /// beside it, that the address is not to blame for good (RFC 3463 §2).
    var bounceType: BounceType {
        status.class == 4
            ? .transient(reason) : BounceType(reason: reason, permanence: .permanent)
    }
}

extension LastAnswer {
    var reason: BounceReason { BounceReason(code: code, text: text ?? "", status: status) }
}
