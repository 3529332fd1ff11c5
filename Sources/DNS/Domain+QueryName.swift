package import MailModel

extension Domain {
    /// RFC 1035 §2.3.4, as text without the final dot.
    private static let queryNameBytesMax = 253

    /// A name to ask the DNS for that others made, and that need not be a host's: labels of 1 to 63
    /// bytes of printable ASCII, in lower case. Nil for what no name can be. RFC 2181 §11
    package init?(queryName bytes: some Collection<UInt8>) {
        guard bytes.count <= Self.queryNameBytesMax,
            bytes.allSatisfy({ (0x20...0x7E).contains($0) })
        else { return nil }
        let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.allSatisfy({ (1...63).contains($0.count) }) else { return nil }
        self.init(validatedASCII: String(decoding: bytes, as: UTF8.self).lowercased())
    }

    /// Whether the DNS can be asked for it: a domain of mail may be longer than a name there.
    package var isQueryName: Bool { ascii.utf8.count <= Self.queryNameBytesMax }

    /// Whether it is `other`'s subdomain, at any depth.
    package func isBelow(_ other: Domain) -> Bool {
        ascii.utf8.count > other.ascii.utf8.count && ascii.hasSuffix(".\(other.ascii)")
    }
}
