package import DeliveryQueue
import MailModel

/// What a session is told before it begins.
package struct SessionSettings: Sendable {
    /// What is done about TLS; whose certificate is taken is the shell's to check.
    package enum TLSUse: Sendable, Hashable {
        /// In the clear.
        case none
        /// STARTTLS where it is offered; where it is refused, on in the clear.
        case opportunistic
        /// STARTTLS, or no mail.
        case required
        /// The handshake came before everything else. RFC 8314 §3
        case implicit
    }

    /// The argument of EHLO: our host's name, or an address literal.
    package var hello: String
    package var transport: Relay.Transport
    package var tls: TLSUse
    package var login: Relay.Login?
    package var limits: SessionTimeLimits
    /// Mails that are sent in one session; fewer where the server says so.
    package var mailsMax: Int

    package init(
        hello: String, transport: Relay.Transport = .smtp, tls: TLSUse = .opportunistic,
        login: Relay.Login? = nil, limits: SessionTimeLimits = SessionTimeLimits(),
        mailsMax: Int = 100
    ) {
        self.hello = hello
        self.transport = transport
        self.tls = tls
        self.login = login
        self.limits = limits
        self.mailsMax = mailsMax
    }
}
