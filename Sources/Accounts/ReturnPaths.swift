package import MailModel

/// Which addresses mail comes back to: those that stand in the return paths of what was sent.
///
/// A token says that by itself, at whatever domain: what was sent comes back to the name that it
/// left with, for days after the server, its service domain or a MAIL FROM domain has another one.
package struct ReturnPaths: Sendable {
    /// What an address is, seen from here.
    package enum Reading: Sendable, Hashable {
        /// What comes to it is about this mail and recipient.
        case token(ReturnPathToken)
        /// It has the form of one, at a domain that return paths are of, and our key did not make
        /// it.
        case forged
        /// An address like any other.
        case other
    }

    private let tokens: ReturnPathToken.Key
    private let domains: Set<String>
    private let identities: SendingIdentities

    /// `domains`: the server's own, whether or not mails leave with them now.
    package init(
        tokens: ReturnPathToken.Key, domains: [Domain], identities: SendingIdentities
    ) {
        self.tokens = tokens
        self.domains = Set(domains.map(\.ascii))
        self.identities = identities
    }

    /// Costs a look at the length for what has not the form, and one MAC for what has it.
    package func reading(of mailbox: Mailbox) -> Reading {
        guard ReturnPathToken.hasForm(mailbox.localPart) else { return .other }
        if let token = tokens.token(mailbox.localPart) { return .token(token) }
        return takes(mailbox.domain) ? .forged : .other
    }

    /// What `mailbox` stands for; nil where it is no return path of ours.
    package func token(of mailbox: Mailbox) -> ReturnPathToken? {
        if case .token(let token) = reading(of: mailbox) { token } else { nil }
    }

    /// Whether the return paths of what is sent now may be of `domain`: one of the server's, or the
    /// MAIL FROM domain of an identity, found in the DNS or not.
    package func takes(_ domain: Domain) -> Bool {
        domains.contains(domain.ascii) || identities.hasReturnDomain(domain)
    }
}
