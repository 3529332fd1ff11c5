/// The words for what SPF says of a client and a domain. RFC 7208 §2.6
package enum SPFResult: String, Sendable, Hashable {
    /// There is no domain to ask about, or it has no record.
    case none
    /// The domain says nothing about the client.
    case neutral
    /// The client may use the domain.
    case pass
    /// The client may not.
    case fail
    /// The client probably may not.
    case softfail
    /// The DNS did not answer; it may later.
    case temperror
    /// The domain's records cannot be understood, now and later.
    case permerror
}
