import Glibc

/// An IP address, version 4 or 6; an IPv4-mapped IPv6 address counts as the IPv4 address it maps.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 16 bytes in network order.
    package let bytes: [UInt8]

    /// The address that `text` spells: no brackets, no zone, no port.
    package init?(_ text: String) {
        guard !text.utf8.contains(0) else { return nil }
        var buffer = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &buffer) == 1 {
            bytes = Array(buffer[..<4])
        } else if inet_pton(AF_INET6, text, &buffer) == 1 {
            bytes = Self.isMapped(buffer) ? Array(buffer[12...]) : buffer
        } else {
            return nil
        }
    }

    /// The address of 4 or 16 bytes in network order; nil for any other number.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        let bytes = Array(bytes)
        self.bytes = Self.isMapped(bytes) ? Array(bytes[12...]) : bytes
    }

    /// `::ffff:0:0/96`. RFC 4291 §2.5.5.2
    private static func isMapped(_ bytes: [UInt8]) -> Bool {
        bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10...11] == [255, 255]
    }

    package var isIPv6: Bool { bytes.count == 16 }

    /// Of this machine: 127.0.0.0/8 or `::1`.
    package var isLoopback: Bool {
        isIPv6 ? bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1 : bytes[0] == 127
    }

    /// Canonical text: dotted decimals, or RFC 5952's form.
    package var description: String {
        var output = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard
            inet_ntop(
                isIPv6 ? AF_INET6 : AF_INET, bytes, &output, socklen_t(output.count)) != nil
        else { return "" }
        let text = output.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: text, as: UTF8.self)
    }
}

/// A block of addresses: `192.0.2.0/24`, `2001:db8::/32`, or one address. SES: `IpFilter.Cidr`.
package struct CIDRBlock: Hashable, Sendable, CustomStringConvertible {
    package let address: IPAddress
    /// Leading bits that count: 0 to 32, or to 128.
    package let prefixLength: Int

    /// The block that `text` spells; bits behind the prefix may be set and do not count.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(String(parts[0])) else { return nil }
        // A mapped address names an IPv4 peer, and its mask would not.
        guard parts[0].contains(":") == address.isIPv6 else { return nil }
        let lengthMax = address.bytes.count * 8
        guard parts.count == 2 else {
            self.address = address
            prefixLength = lengthMax
            return
        }
        guard parts[1].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let length = Int(parts[1]),
            length <= lengthMax
        else { return nil }
        self.address = address
        prefixLength = length
    }

    package func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        let whole = prefixLength / 8
        guard other.bytes[..<whole] == address.bytes[..<whole] else { return false }
        let rest = prefixLength % 8
        guard rest > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF << (8 - rest))
        return other.bytes[whole] & mask == address.bytes[whole] & mask
    }

    package var description: String { "\(address)/\(prefixLength)" }
}

extension CIDRBlock: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let block = CIDRBlock(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "no block of addresses")
        }
        self = block
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
