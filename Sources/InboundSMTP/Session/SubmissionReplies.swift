import MailFlow
import SMTPProtocol

/// What a submitter is told: SES's codes and words where it has some, and no enhanced codes. The log
/// keeps ours, which say more. ses.md D.5
extension SessionRole {
    func wording(_ reply: SMTPReply) -> SMTPReply {
        switch self {
        case .mx: reply
        case .submission: SubmissionReplies.ofSES[reply] ?? reply.withoutEnhancedCode
        }
    }
}

enum SubmissionReplies {
    private static let tooLong = SMTPReply(552, nil, "Message is too long.")
    private static let failed = SMTPReply(451, nil, "Temporary service failure")
    private static let timedOut = SMTPReply(451, nil, "Timeout waiting for data from client")
    private static let crowded = SMTPReply(421, nil, "Too many concurrent SMTP connections")

    /// By ours.
    static let ofSES: [SMTPReply: SMTPReply] = [
        SMTPReplies.sizeTooLarge: tooLong,
        SMTPReplies.refusal(.headerTooLarge): tooLong,
        SMTPReplies.refusal(.insufficientStorage): failed,
        SMTPReplies.refusal(.storageUnavailable): failed,
        SMTPReplies.refusal(.scannerUnavailable): failed,
        SMTPReplies.authTooOften: SMTPReplies.authUnavailable.withoutEnhancedCode,
        SMTPReplies.timeout: timedOut,
        SMTPReplies.tooSlow: timedOut,
        SMTPReplies.overloaded: crowded,
        SMTPReplies.tooManyConnections: crowded,
        SMTPReplies.tooManyConnectionsOfAddress: crowded,
        SMTPReplies.tooManyConnectionsAMinute: crowded,
    ]

    /// `path` is what stood there, as it came.
    static func invalidAddress(_ path: String, isTooLong: Bool) -> SMTPReply {
        let reason = isTooLong ? ": the part before its @ is too long" : ""
        return SMTPReply(553, nil, "\(SMTPReplies.line(path)) Invalid email address\(reason)")
    }

    static func unknownAddress(_ address: String) -> SMTPReply {
        SMTPReply(553, nil, "<\(SMTPReplies.line(address))> address unknown")
    }
}
