package import MailModel
package import NIOCore
package import Storage

/// The port between an SMTP session and the mail flow: what a session asks before it answers.
///
/// Called on event loops; the synchronous calls answer from immutable snapshots and never block.
package protocol MailReceiver: Sendable {
    /// Whether a peer may speak at all: address filters (SES: `ReceiptFilter`; allow beats
    /// block, order has no meaning) and whether we take mail now.
    func admit(peerAddress: String) -> Admission
    /// What is known now of the name of a peer that was admitted.
    func peerName(of peerAddress: String) -> PeerName
    /// The time of a mail that begins now, with MAIL: by it alone rules are asked before its 250, so
    /// that they say the same of each recipient and at the end.
    func begin() -> Timestamp
    /// Whether a recipient is ours, some enabled rule of the active set takes it, and it may come
    /// as it comes (plaintext or TLS), and none refuses it. `envelope`: as far as it has come; its
    /// peer's name need not be there. `begunAt`: of `begin`.
    func admit(
        recipient: ForwardPath, of envelope: ReceivedEnvelope, begunAt: Timestamp
    ) -> RecipientAdmission
    /// Whether a client may send by what it logs in with; `peerAddress` is where it is.
    func logIn(_ login: PasswordLogin, peerAddress: String) -> LoginOutcome
    /// Starts a mail, at DATA or the first BDAT.
    /// Refuses with `insufficientStorage` where the disk is low.
    func open(
        _ envelope: ReceivedEnvelope, _ details: MailDetails
    ) -> Result<any MailIntake, Refusal>
}

/// What a session knows of a mail beside its envelope.
package struct MailDetails: Sendable {
    /// Of `begin`.
    package var begunAt: Timestamp
    /// MAIL's SIZE.
    package var declaredSize: Int?
    /// What the client has logged in with.
    package var login: Submitter?
    /// What the sender wants to be told of each recipient, in their order; RFC 3461.
    package var notifications: [DeliveryNotification]

    package init(
        begunAt: Timestamp, declaredSize: Int? = nil, login: Submitter? = nil,
        notifications: [DeliveryNotification] = []
    ) {
        self.begunAt = begunAt
        self.declaredSize = declaredSize
        self.login = login
        self.notifications = notifications
    }
}

/// What a client logs in with.
package struct PasswordLogin: Sendable, Equatable {
    package var user: String
    package var password: String

    package init(user: String, password: String) {
        self.user = user
        self.password = password
    }
}

/// Who has logged in: an access key, and what people call it.
package struct Submitter: Sendable, Equatable {
    package var keyID: String
    package var name: String

    package init(keyID: String, name: String) {
        self.keyID = keyID
        self.name = name
    }
}

package enum LoginOutcome: Sendable, Equatable {
    case accepted(Submitter)
    case refused
    /// Too many logins from there have failed lately: its password was not looked at.
    case tooManyFailures
    /// It cannot be told now.
    case unavailable
}

/// Whether a peer may go on.
package enum Admission: Sendable, Equatable {
    case admitted
    case refused(Refusal)
}

package enum RecipientAdmission: Sendable, Equatable {
    /// Taken; `mailbox` is what the envelope keeps (bare `<Postmaster>` is completed).
    case admitted(Mailbox)
    case refused(Refusal)
}

/// Why the flow says no; the session's reply table gives each its code and public text.
package enum Refusal: Error, Sendable, Equatable {
    /// The address filters block the peer.
    case peerBlocked
    /// Not ours, or no enabled rule takes it. 550 5.1.1
    case recipientUnknown
    /// Every rule that matches wants TLS. 530 5.7.0
    case tlsRequired
    /// 452 4.3.1
    case insufficientStorage
    /// Storage cannot be written now. 451 4.3.0
    case storageUnavailable
    /// Too much waits already: 421 4.3.2 to a new session, 452 4.3.1 to a mail of an old one.
    case overloaded
    /// We are ending. 421 4.3.2
    case shuttingDown
    /// The header section is over its limit. 552 5.3.4
    case headerTooLarge
    /// The mail has been through too many servers. 554 5.4.6
    case tooManyHops
    /// The domain of From asks that what fails DMARC is rejected, and we do so. 550 5.7.1
    case dmarcFailed
    /// The same domain, and it cannot be told now whether the mail fails. 451 4.7.1
    case dmarcUndecided
    /// From names no single author, and what fails DMARC is refused. 550 5.7.1
    case authorUnclear
    /// A rule refuses the mail: its code, status and text.
    case byRule(String, code: Int, status: EnhancedStatus, text: String)
    /// Rules may refuse the mail for this recipient and not for those before it, or the other way
    /// round. 452 4.5.3
    case otherRules
    /// Rules are asked for each recipient, and for no more of one mail. 452 4.5.3
    case tooManyRecipients
    /// The access key that the client has logged in with is disabled or deleted since. 535 5.7.8
    case loginRevoked
    /// What is submitted must be looked into by a scanner that cannot be had now. 451 4.7.1
    case scannerUnavailable
    /// What is submitted cannot be sent; the text is for whoever sends. 554 5.6.0
    case unsendable(String)
    /// Who is named as its sender is of no verified identity; the text is SES's. 554 5.6.0
    case unverified(String)

    /// The recipient may come at once, in another mail.
    package var isForThisMail: Bool { self == .otherRules || self == .tooManyRecipients }

    /// The name of the receipt rule that says so, where one does.
    package var rule: String? {
        if case .byRule(let rule, _, _, _) = self { rule } else { nil }
    }
}

/// One mail coming in, owned by one session. Memory stays bounded: past a threshold the bytes go
/// to a body file. Calls come from one event loop, in order; callbacks come on any thread.
package protocol MailIntake: AnyObject, Sendable {
    /// Takes the next bytes of the raw mail: dots unstuffed, CRLF line ends. Answers whether the
    /// session shall stop reading until `onDrain` is called (once, when there is room again).
    func append(_ bytes: ByteBuffer, onDrain: @escaping @Sendable () -> Void) -> IntakePressure
    /// The mail is whole: commits it, then says so. `accepted` means durable.
    func finish(completion: @escaping @Sendable (IntakeOutcome) -> Void)
    /// The session ended or refused the mail before `finish`; nothing of it stays.
    func abandon()
}

package enum IntakePressure: Sendable, Equatable {
    case goOn
    /// Stop reading until `onDrain`.
    case pause
    /// The mail will be refused: discard the rest and answer this at its end.
    case refused(Refusal)
}

package enum IntakeOutcome: Sendable, Equatable {
    /// On stable storage under this id: answer 250.
    case accepted(MailID)
    /// Taken to be sent under this id, on stable storage: answer 250.
    case sent(MessageID)
    case refused(Refusal)
}
