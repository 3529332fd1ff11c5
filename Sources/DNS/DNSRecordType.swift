/// The types of records that are asked for, with their numbers on the wire. RFC 1035 §3.2.2
package enum DNSRecordType: Int, Sendable {
    case a = 1
    case ptr = 12
    case mx = 15
    case txt = 16
    /// RFC 3596
    case aaaa = 28
    /// RFC 6698
    case tlsa = 52

    /// RFC 1035 §5.1
    package var zoneFileText: String {
        switch self {
        case .a: "A"
        case .ptr: "PTR"
        case .mx: "MX"
        case .txt: "TXT"
        case .aaaa: "AAAA"
        case .tlsa: "TLSA"
        }
    }
}
