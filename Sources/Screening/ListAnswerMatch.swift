package import MailModel

/// Which addresses of 127.0.0.0/8, by which a list says what it knows, are meant. RFC 5782 §2.3
package enum ListAnswerMatch: Sendable, Equatable {
    /// From the one to the other, both included.
    case addresses(ClosedRange<UInt32>)
    /// Those whose last byte has one of these bits.
    case bits(UInt8)

    /// Answers by which lists say that they do not answer: to us, or over this resolver. Spamhaus
    /// has 127.255.255.252, .254 and .255 for it.
    package static let refusals: ClosedRange<UInt32> = 0x7FFF_FF00...0x7FFF_FFFF
    /// RFC 5782 §2.3: what listings are.
    package static let listings: ClosedRange<UInt32> = 0x7F00_0000...0x7FFF_FEFF

    /// `127.0.0.2`, `127.0.0.4-127.0.0.11` or `127.0.0.0/24`; nil for anything else, and for what
    /// is no listing.
    package init?(_ text: String) {
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let range: ClosedRange<UInt32>
        if ends.count == 2 {
            guard let first = Self.number(ends[0]), let last = Self.number(ends[1]), first <= last
            else { return nil }
            range = first...last
        } else {
            guard let block = CIDRBlock(text), let number = Self.number(block.address) else {
                return nil
            }
            let rest = UInt32(truncatingIfNeeded: (UInt64(1) << (32 - block.prefixLength)) - 1)
            range = (number & ~rest)...(number | rest)
        }
        guard Self.listings.contains(range.lowerBound), Self.listings.contains(range.upperBound)
        else { return nil }
        self = .addresses(range)
    }

    package func matches(_ address: IPAddress) -> Bool {
        guard let number = Self.number(address) else { return false }
        return switch self {
        case .addresses(let range): range.contains(number)
        case .bits(let bits): UInt8(truncatingIfNeeded: number) & bits != 0
        }
    }

    private static func number(_ text: Substring) -> UInt32? {
        IPAddress(String(text)).flatMap(number)
    }

    /// Nil for IPv6.
    static func number(_ address: IPAddress) -> UInt32? {
        address.isIPv6 ? nil : address.bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }
}
