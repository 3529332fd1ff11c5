import MailModel

/// The argument of `ip4` and `ip6`. RFC 7208 §5.6
struct SPFNetwork: Sendable, Hashable {
    /// 4 or 16 bytes in network order. An IPv4-mapped address stays 16 bytes: it is of the IPv6
    /// form, and no client has it.
    let bytes: [UInt8]
    /// Leading bits that count.
    let prefixLength: Int

    func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == bytes.count else { return false }
        return address.bytes.hasSamePrefix(as: bytes, bits: prefixLength)
    }
}

extension [UInt8] {
    /// Whether the first `bits` are those of `other`, which is as long.
    func hasSamePrefix(as other: [UInt8], bits: Int) -> Bool {
        let whole = bits / 8
        guard self[..<whole] == other[..<whole] else { return false }
        guard bits % 8 > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF << (8 - bits % 8))
        return self[whole] & mask == other[whole] & mask
    }
}
