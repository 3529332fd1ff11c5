package import MailModel

/// What one record says. Names in it have been validated; text is bytes, as anyone may write it.
package enum DNSRecord: Sendable, Hashable {
    /// A or AAAA.
    case address(IPAddress)
    /// PTR.
    case pointer(Domain)
    /// MX; no host is the null MX of RFC 7505.
    case exchange(preference: Int, host: Domain?)
    /// TXT: one or more strings of at most 255 bytes each.
    case text([[UInt8]])
    /// TLSA.
    case certificate(TLSARecord)

    package var type: DNSRecordType {
        switch self {
        case .address(let address): address.isIPv6 ? .aaaa : .a
        case .pointer: .ptr
        case .exchange: .mx
        case .text: .txt
        case .certificate: .tlsa
        }
    }

    /// A text's strings in one piece, as those who give them meaning read them. RFC 7208 §3.3
    package var joinedText: [UInt8]? {
        guard case .text(let strings) = self else { return nil }
        if strings.count == 1 { return strings[0] }
        return Array(strings.joined())
    }

    /// The record's data as a zone file spells it. RFC 1035 §5.1
    package var zoneFileText: String {
        switch self {
        case .address(let address): "\(address)"
        case .pointer(let name): "\(name)."
        case .exchange(let preference, let host): "\(preference) \(host?.ascii ?? "")."
        case .text(let strings): strings.map(Self.quoted).joined(separator: " ")
        case .certificate(let record): "\(record)"
        }
    }

    /// One string of a TXT record: printable ASCII as it is, anything else as `\DDD`.
    package static func quoted(_ string: some Sequence<UInt8>) -> String {
        var text = [UInt8(ascii: "\"")]
        for byte in string {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
            case 0x20...0x7E: text.append(byte)
            default:
                let digits = [byte / 100, byte / 10 % 10, byte % 10]
                text.append(UInt8(ascii: "\\"))
                text += digits.map { UInt8(ascii: "0") + $0 }
            }
        }
        text.append(UInt8(ascii: "\""))
        return String(decoding: text, as: UTF8.self)
    }
}
