package import MailModel

/// What the DNS calls a peer: a signal, not a verdict, and nothing that it proves.
package enum PeerName: Sendable, Hashable {
    /// Not asked for, not answered in time, or the DNS failed.
    case unknown
    /// Its address has no name.
    case absent
    /// Its address has this name, which does not lead back to the address.
    case unconfirmed(Domain)
    /// The name leads to the address, too.
    case verified(Domain)
}

extension PeerName {
    /// How it is kept: `verified`, `unconfirmed` or `absent`; nil where nothing is known.
    package var state: String? {
        switch self {
        case .unknown: nil
        case .absent: "absent"
        case .unconfirmed: "unconfirmed"
        case .verified: "verified"
        }
    }

    package var domain: Domain? {
        switch self {
        case .unknown, .absent: nil
        case .unconfirmed(let domain), .verified(let domain): domain
        }
    }

    package var verified: Domain? {
        if case .verified(let domain) = self { domain } else { nil }
    }

    /// What `state` and `domain` were kept as; a state that nobody knows is `unknown`.
    package init(state: String?, domain: String?) {
        let domain = domain.map(Domain.init(validatedASCII:))
        switch (state, domain) {
        case ("absent", _): self = .absent
        case ("unconfirmed", let domain?): self = .unconfirmed(domain)
        case ("verified", let domain?): self = .verified(domain)
        default: self = .unknown
        }
    }
}
