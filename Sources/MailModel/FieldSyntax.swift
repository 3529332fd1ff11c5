/// What a header field's body is made of, which says where encoded words may stand in it: in all of
/// an unstructured one, in the phrases and comments of a list of addresses, and nowhere else, since
/// there what a word decodes to would be taken for syntax. RFC 2047 §5
enum FieldSyntax: Sendable, Hashable {
    /// Also what nobody has defined. RFC 5322 §2.2.1, RFC 5322 §3.6.8
    case unstructured
    /// RFC 5322 §3.4
    case addresses
    /// Everything else that an RFC gives a grammar. RFC 5322 §2.2.2
    case structured

    /// Of the field with this name, in any case.
    init(of name: String) {
        let name = name.lowercased()
        if name == "content-description" {
            self = .unstructured
        } else if Self.addressFields.contains(name) {
            self = .addresses
        } else if Self.structuredFields.contains(name)
            || Self.structuredFamilies.contains(where: { name.hasPrefix($0) })
        {
            self = .structured
        } else {
            self = .unstructured
        }
    }

    /// RFC 5322 §3.6.2, RFC 5322 §3.6.3, RFC 5322 §3.6.6, RFC 8098 §2.1, and those of old that are
    /// met still.
    private static let addressFields: Set<String> = [
        "from", "sender", "reply-to", "to", "cc", "bcc", "resent-from", "resent-sender",
        "resent-reply-to", "resent-to", "resent-cc", "resent-bcc", "disposition-notification-to",
        "return-receipt-to", "errors-to", "apparently-to", "mail-followup-to", "mail-reply-to",
    ]

    /// RFC 2045 §3, RFC 2369, RFC 5322 §3.6.6, RFC 6376, RFC 8460, RFC 8601, RFC 8617, and what
    /// RFC 4021 and IANA have registered beside them.
    private static let structuredFamilies = [
        "arc-", "authentication-results", "autoforwarded", "auto-submitted", "bimi-", "content-",
        "conversion", "dkim-", "injection-", "list-", "mime-version", "mmhs-", "original-",
        "prevent-", "received", "resent-", "tls-", "x400-",
    ]

    private static let structuredFields: Set<String> = [
        "accept-language", "alternate-recipient", "archived-at", "autocrypt", "autosubmitted",
        "cancel-key", "cancel-lock", "control", "date", "date-received", "deferred-delivery",
        "delivered-to", "delivery-date", "discarded-x400-ipms-extensions",
        "discarded-x400-mts-extensions", "disclose-recipients", "disposition-notification-options",
        "distribution", "dl-expansion-history", "domainkey-signature", "downgraded-final-recipient",
        "downgraded-in-reply-to", "downgraded-message-id", "downgraded-original-recipient",
        "downgraded-references", "ediint-features", "encoding", "encrypted", "expires",
        "expiry-date", "feedback-id", "followup-to", "generate-delivery-report", "importance",
        "in-reply-to", "incomplete-copy", "jabber-id", "language", "latest-delivery-time", "lines",
        "message-id", "message-type", "mt-priority", "newsgroups", "obsoletes",
        "originator-return-address", "path", "precedence", "priority", "references",
        "reply-by", "require-recipient-valid-since", "return-path", "sensitivity",
        "sio-label", "sio-label-history", "supersedes", "user-agent", "vbr-info", "xref",
    ]
}
