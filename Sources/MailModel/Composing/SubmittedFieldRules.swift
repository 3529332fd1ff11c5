/// What becomes of the fields of a submitted mail, by their names in lower case.
enum SubmittedFieldRules {
    /// There at most once, as SES has it: its page «header fields»; and what is asked of us in one
    /// value.
    static let once: Set<String> = [
        "accept-language", "acceptlanguage", "archived-at", "auto-submitted", "bounces-to",
        "comments", "content-alternative", "content-base", "content-class",
        "content-description", "content-disposition", "content-duration", "content-id",
        "content-language", "content-length", "content-location", "content-md5",
        "content-transfer-encoding", "content-type", "date", "delivered-to",
        "disposition-notification-options", "disposition-notification-to", "dkim-signature",
        "domainkey-signature", "errors-to", "from", "importance", "in-reply-to", "keywords",
        "list-archive", "list-help", "list-id", "list-owner", "list-post", "list-subscribe",
        "list-unsubscribe", "list-unsubscribe-post", "message-context", "message-id",
        "mime-version", "organization", "original-from", "original-message-id",
        "original-recipient", "original-subject", "precedence", "priority", "references",
        "reply-to", "return-path", "return-receipt-to", "sender", "sensitivity", "solicitation",
        "subject", "thread-index", "thread-topic", "user-agent", "vbr-info",
        configurationSet, sourceARN, fromARN, returnPathARN, listManagement, tenant,
    ]

    /// Taken out: what is for us, and who shall not be seen.
    static let removed: Set<String> = [
        "bcc", "resent-bcc", "return-path", configurationSet, messageTags, sourceARN, fromARN,
        returnPathARN, listManagement, tenant,
    ]

    static let configurationSet = "x-ses-configuration-set"
    static let messageTags = "x-ses-message-tags"
    static let sourceARN = "x-ses-source-arn"
    static let fromARN = "x-ses-from-arn"
    static let returnPathARN = "x-ses-return-path-arn"
    static let listManagement = "x-ses-list-management-options"
    static let tenant = "x-ses-tenant"
}
