package import MailModel
package import SMTPProtocol
package import Storage

/// The port to whoever takes mails to their next hops.
package protocol Courier: Sendable {
    /// One try to hand over one mail for one recipient. Returns within the courier's time limits,
    /// and soon after the task is cancelled: then as a temporary failure, unless the mail's last
    /// dot was sent, which is waited for a little.
    func deliver(_ mail: OutgoingMail, by route: Route) async -> DeliveryAttempt
}

/// Where a mail goes next.
package enum Route: Hashable, Sendable {
    /// By the domain's MX records, or its addresses where it has none. RFC 5321 §5.1
    case exchangers(of: Domain)
    /// To an address literal. RFC 5321 §4.1.3
    case address(IPAddress)
    /// To a host that the operator named: a smart host, or a relay of a rule.
    case relay(Relay)
}

/// A host that takes mail for others, as the operator has named it.
package struct Relay: Hashable, Sendable {
    package enum Transport: String, Hashable, Sendable { case smtp, lmtp }

    package enum Security: String, Hashable, Sendable {
        /// STARTTLS where it is offered; no certificate is asked for.
        case opportunistic
        /// STARTTLS, with a certificate of the host's name.
        case verified
        /// TLS from the first byte, with a certificate of the host's name. RFC 8314 §3
        case implicit
        /// None: for a host on this machine.
        case none
    }

    package struct Login: Hashable, Sendable {
        package var user: String
        package var password: String

        package init(user: String, password: String) {
            self.user = user
            self.password = password
        }
    }

    /// A name or an address; its MX records are not asked for.
    package var host: String
    package var port: Int
    package var transport: Transport
    package var security: Security
    /// Sent under TLS alone, by AUTH PLAIN or LOGIN.
    package var login: Login?

    package init(
        host: String, port: Int, transport: Transport = .smtp,
        security: Security = .opportunistic, login: Login? = nil
    ) {
        self.host = host
        self.port = port
        self.transport = transport
        self.security = security
        self.login = login
    }
}

/// One mail for one recipient, ready to be sent: whatever it says is not changed any more.
package struct OutgoingMail: Sendable {
    /// For the log.
    package var id: String
    package var reversePath: ReversePath
    package var recipient: Mailbox
    /// In pieces, in this order: CRLF lines of at most 998 bytes, no bare CR or LF.
    package var content: [MailContent]
    /// Whether `content` has bytes above 127: the next hop has to offer 8BITMIME. RFC 6152
    package var is8Bit: Bool
    /// Whether an address or the header is not ASCII: the next hop has to offer SMTPUTF8.
    /// RFC 6531
    package var isSMTPUTF8: Bool
    package var tls: TLSDemand
    package var notification: DeliveryNotification
    /// Name of the pool of local addresses that it leaves from; nil: the one that has no name.
    package var pool: String?

    package init(
        id: String, reversePath: ReversePath, recipient: Mailbox, content: [MailContent],
        is8Bit: Bool, isSMTPUTF8: Bool, tls: TLSDemand = .opportunistic,
        notification: DeliveryNotification = DeliveryNotification(), pool: String? = nil
    ) {
        self.id = id
        self.reversePath = reversePath
        self.recipient = recipient
        self.content = content
        self.is8Bit = is8Bit
        self.isSMTPUTF8 = isSMTPUTF8
        self.tls = tls
        self.notification = notification
        self.pool = pool
    }

    /// Bytes of the content.
    package var length: Int { content.reduce(0) { $0 + $1.length } }
}

/// What became of one try.
package struct DeliveryAttempt: Sendable, Equatable {
    package enum Outcome: Sendable, Equatable {
        /// The next hop has taken responsibility. RFC 5321 §4.2.5
        case delivered(RemoteReply)
        /// Another try may succeed.
        case deferred(DeliveryProblem)
        /// None will.
        case failed(DeliveryProblem)
    }

    package var outcome: Outcome
    /// The host that answered last; nil where none did.
    package var remote: RemoteHost?
    /// Of the connection, for the log and the event's `ses:outgoing-ip`.
    package var localAddress: IPAddress?
    /// `TLSv1.3`; nil in the clear.
    package var tls: String?
    /// The next hop has taken on what the sender wants to be told (DSN); otherwise that is ours to
    /// tell. RFC 3461 §5.2
    package var isNotificationHandedOn: Bool

    package init(
        _ outcome: Outcome, remote: RemoteHost? = nil, localAddress: IPAddress? = nil,
        tls: String? = nil, isNotificationHandedOn: Bool = false
    ) {
        self.outcome = outcome
        self.remote = remote
        self.localAddress = localAddress
        self.tls = tls
        self.isNotificationHandedOn = isNotificationHandedOn
    }
}

/// Why a try came to nothing.
package struct DeliveryProblem: Sendable, Equatable {
    /// Whom the problem is about: what else waits for the same is not tried before its time. Of
    /// what has failed for good it is always the mail: others for a domain that is none fail as
    /// soon.
    package enum Subject: String, Sendable, Equatable {
        /// The recipient or the mail; others may go on.
        case mail
        /// The destination as a whole: no host answers, greets, or takes mail now.
        case destination
    }

    package var subject: Subject
    /// Of RFC 3463: the next hop's, or what we make of it. `4.4.1` where no host answers.
    package var status: EnhancedStatusCode
    /// What the next hop said, where it said something.
    package var reply: RemoteReply?
    /// One line for people: what was done, and what went wrong.
    package var detail: String
    /// The destination asked for less: 421, 450 or 451 (greylisting among them), or too many
    /// connections.
    package var asksForLess: Bool

    package init(
        _ subject: Subject, status: EnhancedStatusCode, reply: RemoteReply? = nil,
        detail: String, asksForLess: Bool = false
    ) {
        self.subject = subject
        self.status = status
        self.reply = reply
        self.detail = detail
        self.asksForLess = asksForLess
    }

    /// `status` as reports and events have it.
    package var enhancedStatus: EnhancedStatus {
        EnhancedStatus(class: status.class, subject: status.subject, detail: status.detail)
    }

    /// It is about this server and not about who takes the mail: its configuration has no way, or
    /// its disk fails.
    package var isOurs: Bool { reply == nil && enhancedStatus.isOfMailSystem }
}

extension EnhancedStatus {
    /// RFC 3463 §3.4; a mail's size (x.3.4) is the mail's.
    package var isOfMailSystem: Bool { subject == 3 && detail != 4 }
}

/// A host that mail was taken to.
package struct RemoteHost: Sendable, Equatable {
    /// Its name as an A-label, or the relay's as it was configured.
    package var name: String
    package var address: IPAddress

    package init(name: String, address: IPAddress) {
        self.name = name
        self.address = address
    }
}
