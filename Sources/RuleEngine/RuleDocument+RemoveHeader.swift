import Documents
import MailModel

extension RuleDocument {
    static func removeHeader(_ value: DocumentValue) -> ReceiptAction? {
        guard let header = value.mapping(keys: ["name"]) else { return nil }
        let place = header.required("name")
        guard let name = RuleValues.headerName(place) else { return .removeHeader(name: "") }
        if let reason = reasonToKeep(name.lowercased()) {
            place?.note("“\(name)” stays: \(reason)")
        }
        return .removeHeader(name: name)
    }

    /// Why no rule takes a field of this name, in lower case, out of a mail.
    private static func reasonToKeep(_ name: String) -> String? {
        switch name {
        case "from": return "a mail without its author is none"
        case "received", "return-path", "delivered-to":
            return "without the trace of its way a mail may go in circles"
        default: break
        }
        guard ResultFields.claim(name) != nil || name.hasPrefix("arc-") else { return nil }
        return "it says what was found out about the mail"
    }
}
