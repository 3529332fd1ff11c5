extension IPAddress {
    private static let localBlocks = [
        // RFC 6890, RFC 4291, RFC 4193
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.168.0.0/16", "::/127", "fc00::/7", "fe80::/10",
    ].compactMap { CIDRBlock($0) }

    /// Whether it means something on this machine or network alone: the world's DNS has no name
    /// for it.
    package var isLocal: Bool {
        Self.localBlocks.contains { $0.contains(self) }
    }
}
