import Glibc
import MailModel

extension FuzzTarget {
    /// URLs that we post to, and where addresses lead (H1): what was read means the same again, and a
    /// host that counts as a name is none that a resolver takes for an address.
    static let urls = FuzzTarget("urls") { bytes in
        if bytes.count >= 16, let address = IPAddress(bytes: Array(bytes.prefix(16))) {
            try URLs.check(address)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { return }
        if let address = IPAddress(text) { try URLs.check(address) }
        if let url = try? WebURL(parsing: text) { try URLs.check(url) }
    }
}

private enum URLs {
    static func check(_ address: IPAddress) throws {
        let isRefused = AddressGuard().refusal(of: address) != nil
        try requireEqual(isRefused, address.reach != .global, "\(address)")
        // What carries an IPv4 address that is refused is refused.
        if address.isIPv6, let inner = IPAddress(bytes: Array(address.bytes.suffix(4))),
            address.bytes.prefix(12) == [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]
        {
            try requireEqual(address.reach, inner.reach, "\(address)")
        }
    }

    static func check(_ url: WebURL) throws {
        let written = "\(url)"
        try require(written.utf8.allSatisfy { $0 > 32 && $0 < 127 }, "a control in \(written)")
        try requireEqual(try? WebURL(parsing: written), url, "a URL read again")
        try require(url.target.hasPrefix("/") && (1...65_535).contains(url.port), written)
        guard case .name(let name) = url.host else { return }
        var address = in_addr()
        try require(inet_aton(name, &address) == 0, "\(name) is an address to some")
    }
}
