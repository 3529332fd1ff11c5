package import MailModel

/// The port to the DNS.
package protocol DNSResolver: Sendable {
    /// What the DNS says of `name`; aliases (CNAME) are followed. A name that it cannot have does
    /// not exist. Returns within the resolver's time limit, and soon after the asking task is
    /// cancelled.
    func ask(_ name: Domain, _ type: DNSRecordType) async throws(DNSFailure) -> DNSAnswer
}
