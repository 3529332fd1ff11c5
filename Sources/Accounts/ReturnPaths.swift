package import MailModel

/// Which addresses mail comes back to: those that stand in the return paths of what was sent, and
/// the domains that these are of.
package struct ReturnPaths: Sendable {
    /// What an address is, seen from here.
    package enum Reading: Sendable, Hashable {
        /// What comes to it is about this mail and recipient.
        case token(ReturnPathToken)
        /// It has the form of one at a domain of ours, and our key did not make it.
        case forged
        /// An address like any other.
        case other
    }

    private let tokens: ReturnPathToken.Key
    private let domains: Set<String>
    private let identities: SendingIdentities

    /// `domains`: the server's own, whether or not mails leave with them now: what was sent before
    /// a service domain was set comes back, too.
    package init(
        tokens: ReturnPathToken.Key, domains: [Domain], identities: SendingIdentities
    ) {
        self.tokens = tokens
        self.domains = Set(domains.map(\.ascii))
        self.identities = identities
    }

    /// Costs a look at the length for what has not the form, and one MAC for what has it.
    package func reading(of mailbox: Mailbox) -> Reading {
        guard ReturnPathToken.hasForm(mailbox.localPart), takes(mailbox.domain) else {
            return .other
        }
        return tokens.token(mailbox.localPart).map(Reading.token) ?? .forged
    }

    /// What `mailbox` stands for; nil where it is no return path of ours.
    package func token(of mailbox: Mailbox) -> ReturnPathToken? {
        if case .token(let token) = reading(of: mailbox) { token } else { nil }
    }

    /// Whether return paths may be of `domain`: one of the server's, or the MAIL FROM domain of an
    /// identity, found in the DNS or not.
    package func takes(_ domain: Domain) -> Bool {
        domains.contains(domain.ascii) || identities.hasReturnDomain(domain)
    }
}
