package import MailModel

/// What the operator sets of sending, as far as the flow decides by it.
package struct SendingSettings: Sendable {
    /// Our name in Received and in reports.
    package var hostname: Domain
    /// SES's name for where we are: in identifiers, ids and messages.
    package var region: String
    /// Twelve digits.
    package var accountNumber: String
    /// Where bounces come back to, where an identity has no MAIL FROM domain of its own.
    package var returnDomain: Domain
    /// Right side of the Message-ID that we give.
    package var messageIDDomain: Domain
    /// Whether a Message-ID that the sender gave stays; SES replaces each.
    package var keepsMessageID = false
    /// The header section of a submitted mail.
    package var headerBytesMax = 262_144
    /// The topic that is told of everything that happens to a mail; nil: nobody is.
    package var eventsTopic: String?
    /// The pool of addresses that mails of a configuration set leave from, by the set's name; others
    /// leave from the pool that has no name. SES: `SendingPoolName`
    package var pools: [String: String] = [:]
    /// Whose mails do not leave; nil: there is no simulator.
    package var simulator: MailboxSimulator?
    /// Told of a domain whose mail cannot be signed, and why.
    package var onUnsignable: @Sendable (Domain, String) -> Void = { _, _ in }

    package init(
        hostname: Domain, region: String, accountNumber: String, returnDomain: Domain,
        messageIDDomain: Domain
    ) {
        self.hostname = hostname
        self.region = region
        self.accountNumber = accountNumber
        self.returnDomain = returnDomain
        self.messageIDDomain = messageIDDomain
    }
}
