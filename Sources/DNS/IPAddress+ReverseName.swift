package import MailModel

extension IPAddress {
    /// Where the names of this address stand: `4.3.2.1.in-addr.arpa`, or a label for each half
    /// byte under `ip6.arpa`. RFC 1035 §3.5, RFC 3596 §2.5
    package var reverseName: Domain {
        let labels =
            isIPv6
            ? bytes.reversed().flatMap { [$0 & 0x0F, $0 >> 4] }.map { String($0, radix: 16) }
            : bytes.reversed().map { String($0) }
        return Domain(
            validatedASCII: labels.joined(separator: ".")
                + (isIPv6 ? ".ip6.arpa" : ".in-addr.arpa"))
    }
}
