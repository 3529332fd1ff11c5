package import MailModel

/// Whom to refuse by address. SES: `ReceiptFilter`; allow beats block, order has no meaning.
package struct AddressFilters: Sendable {
    package enum Policy: String, Sendable, Codable {
        case allow = "Allow"
        case block = "Block"
    }

    /// One filter: a name, a policy, a block of addresses.
    package struct Filter: Sendable {
        package var name: String
        package var policy: Policy
        package var block: CIDRBlock

        package init(name: String, policy: Policy, block: CIDRBlock) {
            self.name = name
            self.policy = policy
            self.block = block
        }
    }

    private let allowed: [CIDRBlock]
    private let blocked: [CIDRBlock]

    package init(_ filters: [Filter]) {
        allowed = filters.filter { $0.policy == .allow }.map(\.block)
        blocked = filters.filter { $0.policy == .block }.map(\.block)
    }

    /// Whether a peer at `address` may speak: some filter allows it, or none blocks it.
    package func admits(_ address: IPAddress) -> Bool {
        guard blocked.contains(where: { $0.contains(address) }) else { return true }
        return allows(address)
    }

    /// Whether some filter allows `address` by name.
    package func allows(_ address: IPAddress) -> Bool {
        allowed.contains { $0.contains(address) }
    }
}
