/// What an IP address reaches, as far as the address itself says: the open internet, or a place
/// that a request from a server must not be led to.
///
/// IANA: the IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), and the addresses at
/// which clouds tell a machine its secrets.
package enum AddressReach: String, Sendable, CaseIterable {
    case global = "global"
    case loopback = "loopback"
    case privateUse = "private"
    case linkLocal = "link-local"
    /// RFC 6598: between a provider and its customers.
    case shared = "shared (carrier-grade NAT)"
    case uniqueLocal = "unique local"
    case siteLocal = "site-local"
    case metadata = "cloud metadata"
    case unspecified = "unspecified"
    case broadcast = "broadcast"
    case multicast = "multicast"
    case documentation = "documentation"
    case benchmarking = "benchmarking"
    case reserved = "reserved"
    /// IPv6 that stands for IPv4, by ways that no server of today is reached by.
    case compatible = "IPv4-compatible"
    case translated = "IPv4-translated"
    case localNAT64 = "local NAT64"
    case sixToFour = "6to4"
    case teredo = "Teredo"
    case isatap = "ISATAP"
}

extension IPAddress {
    /// An address that carries IPv4 ones has the reach of the first of them that is not global. One
    /// of NAT64's well-known prefix (RFC 6052) is as global as what it carries; those of the other
    /// transition mechanisms are never global.
    package var reach: AddressReach {
        embedded.lazy.map(\.ownReach).first { $0 != .global } ?? ownReach
    }

    /// Whether it means something on this machine or network alone: the world's DNS has no name
    /// for it.
    package var isLocal: Bool {
        switch reach {
        case .loopback, .privateUse, .linkLocal, .shared, .uniqueLocal, .metadata, .unspecified:
            true
        case .global, .siteLocal, .broadcast, .multicast, .documentation, .benchmarking, .reserved,
            .compatible, .translated, .localNAT64, .sixToFour, .teredo, .isatap:
            false
        }
    }

    private var ownReach: AddressReach {
        if let known = Self.blocks.first(where: { $0.block.contains(self) }) { return known.reach }
        guard isIPv6 else { return .global }
        if isISATAP { return .isatap }
        // RFC 4291 §2.4: what is given away of global unicast so far.
        return bytes[0] & 0xE0 == 0x20 ? .global : .reserved
    }

    /// RFC 5214 §6.1: the interface identifier is 00-00-5E-FE (or 02-00-5E-FE) and the address.
    private var isISATAP: Bool {
        bytes[8] & ~0x02 == 0 && bytes[9...11] == [0x00, 0x5E, 0xFE]
    }

    /// The IPv4 addresses in an IPv6 one, by what its form says.
    private var embedded: [IPAddress] {
        guard isIPv6 else { return [] }
        var places: [[UInt8]] = []
        switch ownReach {
        case .sixToFour: places = [Array(bytes[2..<6])]
        // RFC 4380 §4: the server, and the client with its bits turned over.
        case .teredo: places = [Array(bytes[4..<8]), bytes[12...].map { ~$0 }]
        case .compatible, .translated, .localNAT64, .isatap: places = [Array(bytes[12...])]
        case .unspecified, .loopback, .metadata: return []
        default: if Self.isNAT64(self) || isISATAP { places = [Array(bytes[12...])] }
        }
        return places.compactMap { IPAddress(bytes: $0) }
    }

    private static func isNAT64(_ address: IPAddress) -> Bool {
        nat64.contains { $0.contains(address) }
    }

    private static let nat64 = ["64:ff9b::/96"].compactMap(CIDRBlock.init)

    /// The first that contains an address says what it is.
    private static let blocks: [(block: CIDRBlock, reach: AddressReach)] = [
        ("169.254.169.254", .metadata), ("100.100.100.200", .metadata),
        ("192.0.0.192", .metadata), ("168.63.129.16", .metadata),
        ("fd00:ec2::254", .metadata), ("fd20:ce::254", .metadata),
        ("0.0.0.0", .unspecified), ("0.0.0.0/8", .reserved), ("10.0.0.0/8", .privateUse),
        ("100.64.0.0/10", .shared), ("127.0.0.0/8", .loopback), ("169.254.0.0/16", .linkLocal),
        ("172.16.0.0/12", .privateUse), ("192.0.0.0/24", .reserved),
        ("192.0.2.0/24", .documentation), ("192.88.99.0/24", .reserved),
        ("192.168.0.0/16", .privateUse), ("198.18.0.0/15", .benchmarking),
        ("198.51.100.0/24", .documentation), ("203.0.113.0/24", .documentation),
        ("224.0.0.0/4", .multicast), ("255.255.255.255", .broadcast), ("240.0.0.0/4", .reserved),
        ("::", .unspecified), ("::1", .loopback), ("::/96", .compatible),
        ("::ffff:0:0:0/96", .translated), ("64:ff9b:1::/48", .localNAT64),
        ("64:ff9b::/96", .global), ("100::/64", .reserved), ("2001::/32", .teredo),
        ("2001:db8::/32", .documentation), ("2001::/23", .reserved), ("2002::/16", .sixToFour),
        ("3fff::/20", .documentation), ("fc00::/7", .uniqueLocal), ("fe80::/10", .linkLocal),
        ("fec0::/10", .siteLocal), ("ff00::/8", .multicast),
    ].compactMap { text, reach in CIDRBlock(text).map { ($0, reach) } }
}

/// Which addresses a request that we make may go to: global ones, and those that an operator names.
package struct AddressGuard: Sendable, Equatable {
    package var allowed: [CIDRBlock]

    /// Refuses nothing: for hosts that the configuration names itself.
    package static let open = AddressGuard(
        allowed: ["0.0.0.0/0", "::/0"].compactMap { CIDRBlock($0) })

    package init(allowed: [CIDRBlock] = []) {
        self.allowed = allowed
    }

    /// Why a request must not go to `address`; nil where it may. The address itself has to be
    /// allowed, not one that it carries.
    package func refusal(of address: IPAddress) -> String? {
        let reach = address.reach
        guard reach != .global, !allowed.contains(where: { $0.contains(address) }) else {
            return nil
        }
        return "\(address) is no address of the open internet (\(reach.rawValue)), "
            + "and http.allow does not name it"
    }
}
