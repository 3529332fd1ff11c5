/// Why a mail waits, in SES's words: `delayType`.
package enum DelayType: String, Sendable, Hashable, CaseIterable {
    /// It is our own fault.
    case internalFailure = "InternalFailure"
    case general = "General"
    case mailboxFull = "MailboxFull"
    /// The recipient's server has had too much spam of us.
    case spamDetected = "SpamDetected"
    case recipientServerError = "RecipientServerError"
    /// The recipient's server blocks or throttles our address.
    case ipFailure = "IPFailure"
    case transientCommunicationFailure = "TransientCommunicationFailure"
    case undetermined = "Undetermined"
    /// We hold it back ourselves.
    case sendingDeferral = "SendingDeferral"

    /// What a temporary failure for this reason is.
    package init(_ reason: BounceReason) {
        self =
            switch reason {
            case .mailboxFull: .mailboxFull
            case .spam: .spamDetected
            case .systemError, .mailerError: .recipientServerError
            case .hostBlocked, .rateLimited, .reverseDNSMissing: .ipFailure
            case .networkError, .expired: .transientCommunicationFailure
            case .undetermined: .undetermined
            case .noSuchMailbox, .mailboxMoved, .mailboxDisabled, .refusedByRecipient,
                .suppressed, .noSuchDomain, .takesNoMail, .messageTooLarge, .contentRejected,
                .malformed, .virus, .senderRejected, .authenticationFailed, .relayDenied,
                .securityRequired, .policy, .protocolError:
                .general
            }
    }
}
