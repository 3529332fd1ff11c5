import MailModel

/// Decides why a mail was not delivered: by what was said, else by the enhanced status, else by the
/// code.
enum ReasonReader {
    /// What is said of one recipient.
    struct Saying {
        /// The diagnostic text, or the server's answer.
        var answer: FoldedText
        /// All that the report says of the recipient.
        var context: FoldedText
        var status: EnhancedStatus?
        var code: Int?
    }

    static func reason(_ saying: Saying) -> BounceReason {
        let status = saying.status
        if let precise = status.flatMap(preciseReason) { return precise }
        // The status of an answer says more than the prose around the answer.
        let ofAnswer =
            phrase(saying.answer, ReasonPhrases.table)
            ?? (saying.answer.isEmpty ? nil : status.flatMap(roughReason))
        if let ofAnswer { return refined(ofAnswer, saying) }
        let ofRest =
            phrase(saying.context, ReasonPhrases.table) ?? status.flatMap(roughReason)
            ?? saying.code.flatMap(reason(ofCode:)) ?? phrase(saying.answer, ReasonPhrases.vague)
        return refined(ofRest ?? .undetermined, saying)
    }

    private static func phrase(
        _ text: FoldedText, _ table: [(reason: BounceReason, phrases: [String])]
    ) -> BounceReason? {
        table.first { text.contains(anyOf: $0.phrases) }?.reason
    }

    /// A server that has not heard of the recipient yet, or has taken it, does not mean it, whatever
    /// its words.
    private static func refined(_ reason: BounceReason, _ saying: Saying) -> BounceReason {
        switch reason {
        case .noSuchMailbox where saying.status?.subject != 1:
            if saying.context.contains(anyOf: afterHello) { return .hostBlocked }
            if saying.context.contains(anyOf: afterMail) { return .senderRejected }
            // "User unknown" is said of everything; that it is disabled is said of that.
            if phrase(saying.context, ReasonPhrases.disabled) != nil { return .mailboxDisabled }
            // Carriers' servers above all.
            let isAfterData =
                saying.context.contains(anyOf: afterData)
                && !saying.context.contains(anyOf: beforeData)
            return isAfterData ? .refusedByRecipient : reason
        case .noSuchDomain where saying.context.contains(anyOf: afterHello): return .hostBlocked
        case .noSuchDomain where saying.context.contains(anyOf: afterMail): return .senderRejected
        default: return reason
        }
    }

    private static let afterHello = [
        "in reply to helo", "in reply to ehlo", "after helo", "after ehlo", "my name was rejected",
        "response to helo", "response to ehlo",
    ]
    private static let afterMail = [
        "in reply to mail from", "after mail from", "sender was rejected", "response to mail",
    ]
    private static let afterData = [
        "in reply to end of data", "after end of data", "in reply to data", "our final data",
        "response to data", ">>> data <<< 5", "smtp command data",
    ]
    /// DATA was sent along with RCPT, which was refused.
    private static let beforeData = ["<<< 503", "no valid recipients", "need rcpt"]

    /// Statuses that say one thing and that servers use for it alone. RFC 3463 §3, RFC 7372,
    /// RFC 7505
    private static func preciseReason(_ status: EnhancedStatus) -> BounceReason? {
        switch (status.subject, status.detail) {
        case (1, 6): .mailboxMoved
        case (2, 1): .mailboxDisabled
        case (2, 2): .mailboxFull
        case (2, 3), (3, 4): .messageTooLarge
        case (7, 20...24), (7, 26...30): .authenticationFailed
        case (7, 25): .reverseDNSMissing
        default: nil
        }
    }

    /// What a status says where nothing else does. RFC 3463 §3, RFC 5248's registry
    private static func roughReason(_ status: EnhancedStatus) -> BounceReason? {
        switch (status.subject, status.detail) {
        case (1, 0), (1, 1), (1, 3), (1, 4): .noSuchMailbox
        case (1, 2): .noSuchDomain
        case (1, 7), (1, 8): .senderRejected
        case (1, 10): .takesNoMail
        case (2, _): .refusedByRecipient
        case (3, _): .systemError
        // With a five the server was reached: it was no time that ran out.
        case (4, 1), (4, 7): status.class == 4 ? .expired : nil
        case (4, 4): .noSuchDomain
        case (4, _): .networkError
        case (5, 1...): .protocolError
        case (6, _): .contentRejected
        case (7, _): .policy
        default: nil
        }
    }

    /// RFC 5321 §4.2.3, RFC 7504
    private static func reason(ofCode code: Int) -> BounceReason? {
        switch code {
        case 421, 451: .systemError
        case 452: .mailboxFull
        case 500...504: .protocolError
        case 521, 556: .takesNoMail
        case 530, 534, 535, 538: .securityRequired
        case 552: .messageTooLarge
        default: nil
        }
    }
}
