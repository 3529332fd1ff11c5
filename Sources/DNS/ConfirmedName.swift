package import MailModel

/// What the DNS calls an address, and whether the name leads back to it, since whoever owns an
/// address may write any name there. RFC 8601 §3
package enum ConfirmedName: Sendable, Hashable {
    /// The address has no name.
    case absent
    /// The first of its names; none of those that were asked for leads back.
    case unconfirmed(Domain)
    case confirmed(Domain)
}

extension DNSResolver {
    /// Asks for the names of `address`, and then for the addresses of its first `namesMax`; after
    /// `seconds` for nothing more, which counts as `DNSFailure.timedOut`.
    package func confirmedName(
        of address: IPAddress, namesMax: Int, seconds: Int64, time: any TimeSource
    ) async throws(DNSFailure) -> ConfirmedName {
        let deadline = time.now().advanced(bySeconds: seconds)
        let names = try await ask(address.reverseName, .ptr).records.compactMap(\.hostName)
        guard let first = names.first else { return .absent }
        for name in names.prefix(namesMax) {
            guard time.now() <= deadline else { throw .timedOut }
            let records = try await ask(name, address.isIPv6 ? .aaaa : .a).records
            if records.contains(.address(address)) { return .confirmed(name) }
        }
        return .unconfirmed(first)
    }
}

extension DNSRecord {
    /// The name that a PTR record gives; one label is nobody's name in the world, and an address
    /// is no name.
    fileprivate var hostName: Domain? {
        guard case .pointer(let name) = self, name.ascii.contains("."),
            IPAddress(name.ascii) == nil
        else { return nil }
        return name
    }
}
