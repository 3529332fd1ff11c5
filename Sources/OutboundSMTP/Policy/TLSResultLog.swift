package import MailModel

/// The port to whoever counts how connections were secured, for reports to those who want them.
/// RFC 8460
package protocol TLSResultLog: Sendable {
    /// Called for each new connection to an exchanger that had a chance to be secured. Must not
    /// block.
    func note(_ result: TLSResult)
}

/// How one connection to an exchanger came to be secured, or not.
package struct TLSResult: Sendable, Equatable {
    /// What it was held to. RFC 8460 §4.4
    package enum Policy: Sendable, Hashable {
        case none
        /// The TLSA records, as a zone file spells them.
        case tlsa([String])
        /// The policy's fields, and its patterns of hosts.
        case sts([String], hosts: [String])
    }

    /// Of the recipient's address.
    package var domain: Domain
    package var policy: Policy
    /// The exchanger; nil where none was reached yet.
    package var host: Domain?
    package var remoteAddress: IPAddress?
    package var localAddress: IPAddress?
    /// Nil: the session was secured as the policy asks.
    package var failure: TLSFailure?

    package init(
        domain: Domain, policy: Policy, host: Domain? = nil, remoteAddress: IPAddress? = nil,
        localAddress: IPAddress? = nil, failure: TLSFailure? = nil
    ) {
        self.domain = domain
        self.policy = policy
        self.host = host
        self.remoteAddress = remoteAddress
        self.localAddress = localAddress
        self.failure = failure
    }
}
