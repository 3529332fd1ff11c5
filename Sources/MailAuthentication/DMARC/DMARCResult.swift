package import MailModel

/// The words for DMARC. RFC 9989 §11.2 of the registry of RFC 8601 §2.7
package enum DMARCResult: String, Sendable, Hashable {
    /// No policy applies to the mail.
    case none
    /// A passed identifier of DKIM or SPF is of the author's organization.
    case pass
    case fail
    /// The DNS did not answer; it may later.
    case temperror
    /// The mail has no single author domain, or the record is none.
    case permerror
}

/// What a domain's owner wishes for mails that fail. RFC 9989 §4.7
package enum DMARCPolicy: String, Sendable, Hashable, CaseIterable {
    case none
    case quarantine
    case reject

    /// What is done where the policy is not fully applied: the next milder one.
    package var milder: DMARCPolicy { self == .reject ? .quarantine : .none }
}

/// By which rules DMARC is done.
package enum DMARCRules: Sendable {
    /// RFC 9989: organizations are found in the DNS.
    case rfc9989
    /// RFC 7489, which RFC 9989 has replaced: organizations are found in the list, `pct` counts,
    /// and `np`, `psd` and `t` do not.
    case rfc7489(PublicSuffixList)
}
