package import DNS
package import MailModel

/// One thing that was done to find SPF's result: facts, worded by `description`.
package enum SPFStep: Sendable, Hashable {
    /// A question for a term, and what came of it; an empty answer found nothing.
    case asked(name: String, DNSRecordType, answer: [DNSRecord])
    case askedInVain(name: String, DNSRecordType, reason: String)
    /// A name that macros made and the DNS cannot have was not asked for.
    case unaskable(name: String)
    /// `ip4`, `ip6` and `all` are told where they match.
    case mechanism(String, in: Domain, isMatch: Bool)
    case redirected(to: Domain)
    case explanation(from: Domain, String?)
    case ended(SPFReason, lookups: Int)
}

extension SPFStep: CustomStringConvertible {
    package var description: String {
        switch self {
        case .asked(let name, let type, let answer):
            "asked for \(type.name) \(name): "
                + (answer.isEmpty ? "nothing" : answer.map(\.traceText).joined(separator: ", "))
        case .askedInVain(let name, let type, let reason):
            "asked for \(type.name) \(name): \(reason)"
        case .unaskable(let name): "\(name) is no name that the DNS could have"
        case .mechanism(let text, let domain, let isMatch):
            "\"\(text)\" of \(domain) " + (isMatch ? "matches" : "does not match")
        case .redirected(let domain): "went on with the record of \(domain)"
        case .explanation(let domain, let text):
            "asked \(domain) for an explanation: \(text ?? "none that can be used")"
        case .ended(let reason, let lookups):
            "\(reason.result.rawValue): \(reason), after \(lookups) of "
                + "\(SPFVerifier.lookupsMax) lookups"
        }
    }
}

extension DNSRecord {
    private static let tracedBytesMax = 300

    fileprivate var traceText: String {
        let text = zoneFileText
        guard text.utf8.count > Self.tracedBytesMax else { return text }
        return String(decoding: text.utf8.prefix(Self.tracedBytesMax), as: UTF8.self) + "…"
    }
}

extension DNSRecordType {
    /// As zone files have it. RFC 1035 §3.2.2
    fileprivate var name: String { "\(self)".uppercased() }
}
