import MailModel

/// SPF's result in the words of SES: `Received-SPF`, and the `spf=` of its Authentication-Results.
/// RFC 7208 §9.1
package struct ReceivedSPF: Sendable {
    package static let fieldName = "Received-SPF"

    private let outcome: SPFOutcome
    /// The comment and the key-value pairs, which SES has in both fields.
    let detail: String

    /// `envelopeFrom` is the address of MAIL FROM; empty for the null path, which is written as
    /// what SPF takes it for. RFC 7208 §2.4
    package init(_ outcome: SPFOutcome, envelopeFrom: String) {
        self.outcome = outcome
        // Both fields are searched as text, and a greeting may hold anything.
        let helo = FieldValue.searchable(outcome.sender.helo)
        detail = Self.detail(
            [
                ("client-ip", outcome.sender.address.description),
                (
                    "envelope-from",
                    envelopeFrom.isEmpty
                        ? "postmaster@\(helo)" : FieldValue.searchableAddress(envelopeFrom)
                ),
                ("helo", helo),
            ], Self.words(of: outcome))
    }

    /// What stands behind the field's name, with SES's final semicolon, without its line end: one
    /// line, as SES has it, unless that were longer than a line of a mail may be.
    package var text: String { "\(outcome.result.rawValue) \(detail);" }

    /// The field with its name, without its final line end.
    package var field: String { "\(Self.fieldName): \(text)" }

    private static func detail(_ pairs: [(String, String)], _ words: String) -> String {
        let comment = FieldValue.comment("spfCheck: \(words)")
        let values = pairs.map { "\($0)=\(value($1))" }
        let line = "\(comment) \(values.joined(separator: "; "))"
        return line.utf8.count <= lineBytesMax
            ? line : "\(comment)\r\n \(values.joined(separator: ";\r\n "))"
    }

    /// Of RFC 5322's 998, what its name and result leave. RFC 5322 §2.1.1
    private static let lineBytesMax = 900

    /// An address stands as it is. RFC 7208 §9.1: `dot-atom / quoted-string`
    private static func value(_ text: String) -> String {
        IPAddress(text) != nil ? text : FieldValue.propertyValue(text)
    }

    private static func words(of outcome: SPFOutcome) -> String {
        let address = outcome.sender.address.description
        let domain = outcome.domain?.ascii ?? FieldValue.searchable(outcome.sender.domainText)
        return switch outcome.result {
        case .pass: "domain of \(domain) designates \(address) as permitted sender"
        case .fail: "domain of \(domain) does not designate \(address) as permitted sender"
        case .softfail:
            "transitioning domain of \(domain) does not designate \(address) as permitted sender"
        case .neutral: "\(address) is neither permitted nor denied by domain of \(domain)"
        case .none: "domain of \(domain) does not designate permitted sender hosts"
        case .temperror: "error in processing during lookup of \(domain)"
        case .permerror: "permanent error in processing during lookup of \(domain)"
        }
    }
}
