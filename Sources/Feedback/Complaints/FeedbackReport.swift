import MailModel

/// A complaint, or a report of a mail whose authentication failed. RFC 5965, RFC 6591, RFC 6692
package struct FeedbackReport: Sendable, Hashable {
    /// `abuse`, `fraud`, `virus`, `other`, `not-spam`, `auth-failure`, or another word, in lower case.
    package var feedbackType: String
    package var userAgent: String?
    package var version: String?
    package var originalEnvelopeID: String?
    package var originalMailFrom: String?
    package var originalRcptTo: [String] = []
    /// As written.
    package var arrivalDate: String?
    package var reportingMTA: String?
    package var sourceIP: String?
    package var sourcePort: Int?
    /// Mails that this report stands for; 1 unless it tells.
    package var incidents = 1
    package var authenticationResults: [String] = []
    package var reportedDomains: [String] = []
    package var reportedURIs: [String] = []
    /// RFC 6591; nil for other types.
    package var authFailure: AuthFailure?
    package var original: QuotedMail?

    package init(feedbackType: String) { self.feedbackType = feedbackType }

    /// Who complained: those the mail was sent to, by the report or by the mail that it quotes.
    package var recipients: [String] {
        originalRcptTo.isEmpty ? original?.to ?? [] : originalRcptTo
    }
}

/// What RFC 6591 §3.1 adds. Values are as written, but for folding.
package struct AuthFailure: Sendable, Hashable {
    /// `adsp`, `bodyhash`, `revoked`, `signature`, `spf`, `dmarc`, or another word, in lower case.
    package var failure: String?
    /// `delivered`, `spam`, `policy`, `reject`, `other`
    package var deliveryResult: String?
    package var dkimADSPDNS: String?
    /// Decoded from base64.
    package var dkimCanonicalizedBody: String?
    package var dkimCanonicalizedHeader: String?
    package var dkimDomain: String?
    package var dkimIdentity: String?
    package var dkimSelector: String?
    package var dkimSelectorDNS: String?
    package var spfDNS: String?
    /// RFC 7489 §7.3.1: `spf`, `dkim`, both, or `none`.
    package var identityAlignment: [String] = []

    package init() {}
}
