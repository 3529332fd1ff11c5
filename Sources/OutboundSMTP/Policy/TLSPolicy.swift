import DNS

/// What the TLS of one connection has to be.
enum TLSPolicy: Hashable, Sendable {
    /// In the clear.
    case none
    /// STARTTLS where it is offered, whoever answers; in the clear where it fails.
    case opportunistic
    /// STARTTLS, whoever answers.
    case required
    /// STARTTLS, and a certificate of that name that a root vouches for.
    case verified(name: String)
    /// The same from the first byte. RFC 8314 §3
    case implicit(name: String)
    /// STARTTLS, and a certificate that the zone names. RFC 7672
    case dane(DANEPolicy)

    var use: SessionSettings.TLSUse {
        switch self {
        case .none: .none
        case .opportunistic: .opportunistic
        case .required, .verified, .dane: .required
        case .implicit: .implicit
        }
    }
}
