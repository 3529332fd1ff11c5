import DNS

/// What the TLS of one connection has to be.
enum TLSPolicy: Hashable, Sendable {
    /// In the clear.
    case none
    /// STARTTLS where it is offered, whoever answers.
    case opportunistic
    /// In the clear, since the handshake of another connection has failed.
    case fallback
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
        case .none, .fallback: .none
        case .opportunistic: .opportunistic
        case .required, .verified, .dane: .required
        case .implicit: .implicit
        }
    }
}
