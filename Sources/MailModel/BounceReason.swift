/// Why a mail was not delivered, in our own words; finer than SES's types, which follow from it.
package enum BounceReason: String, Sendable, Hashable, CaseIterable {
    // Of the recipient
    case noSuchMailbox
    case mailboxMoved
    case mailboxDisabled
    case mailboxFull
    /// The recipient, or a filter of the recipient's, does not want it.
    case refusedByRecipient
    /// An address that the sending service does not send to any more.
    case suppressed
    // Of the recipient's domain
    case noSuchDomain
    /// It says that it takes no mail at all: RFC 7505, RFC 7504.
    case takesNoMail
    // Of the mail
    case messageTooLarge
    case contentRejected
    case malformed
    case spam
    case virus
    // Of the sender
    case senderRejected
    case authenticationFailed
    case reverseDNSMissing
    case hostBlocked
    case rateLimited
    case relayDenied
    /// Encryption or a login was wanted.
    case securityRequired
    case policy
    // Of the way
    case expired
    case networkError
    case systemError
    case mailerError
    case protocolError
    case undetermined
}

/// SES's `bounceType` and `bounceSubType`.
package struct BounceType: Sendable, Hashable {
    package enum Name: String, Sendable, Hashable {
        /// Hard: the address takes no mail, now or later.
        case permanent = "Permanent"
        /// Soft: this mail was not taken; another may be.
        case transient = "Transient"
        case undetermined = "Undetermined"
    }
    package enum Subtype: String, Sendable, Hashable {
        case general = "General"
        /// The report does not tell the address.
        case noEmail = "NoEmail"
        /// The global suppression list has it.
        case suppressed = "Suppressed"
        /// The account's has it.
        case onAccountSuppressionList = "OnAccountSuppressionList"
        case mailboxFull = "MailboxFull"
        case messageTooLarge = "MessageTooLarge"
        case contentRejected = "ContentRejected"
        case attachmentRejected = "AttachmentRejected"
        case undetermined = "Undetermined"
    }
    package var type: Name
    package var subtype: Subtype

    package init(_ type: Name, _ subtype: Subtype) {
        self.type = type
        self.subtype = subtype
    }

    /// An address that is dead is permanent, whatever the code; a reason that another mail need not
    /// meet is transient, whatever the code; without a reason, the code decides.
    package init(reason: BounceReason, permanence: Permanence) {
        switch reason {
        case .noSuchMailbox, .mailboxMoved, .noSuchDomain, .takesNoMail:
            self.init(.permanent, .general)
        case .suppressed: self.init(.permanent, .suppressed)
        case .mailboxFull: self.init(.transient, .mailboxFull)
        case .messageTooLarge: self.init(.transient, .messageTooLarge)
        case .contentRejected, .spam, .malformed: self.init(.transient, .contentRejected)
        case .virus: self.init(.transient, .attachmentRejected)
        case .undetermined:
            switch permanence {
            case .permanent: self.init(.permanent, .general)
            case .temporary: self.init(.transient, .general)
            case .undetermined: self.init(.undetermined, .undetermined)
            }
        default: self.init(.transient, .general)
        }
    }
}

extension BounceType {
    /// Of a mail that was put off until its time was over, or that a server ends by a status that
    /// would pass: transient, for whatever reason.
    package static func transient(_ reason: BounceReason) -> BounceType {
        let type = BounceType(reason: reason, permanence: .temporary)
        return type.type == .transient ? type : BounceType(.transient, .general)
    }
}

/// What the code says: whether the same mail may be tried again. RFC 3463 §2, RFC 5321 §4.2.1
package enum Permanence: String, Sendable, Hashable {
    case permanent
    case temporary
    /// Neither code nor status is there, or it is no failure.
    case undetermined
}
