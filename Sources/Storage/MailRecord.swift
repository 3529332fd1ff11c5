package import MailModel

/// The envelope and arrival facts of a received mail: the row that a 250 promises.
///
/// | state | which rows and files exist | the one step that leaves it |
/// |---|---|---|
/// | receiving | at most a file without its name, then without a row | the commit of its row |
/// | `acting` | row; body in `mail_body` or in a body file | the commit of the last outcome |
/// | `held` | as acting; no action runs | `queue release` |
/// | `retired` | row and outcomes; the raw until it expires | retention, in batches |
/// | `damaged` | row; the body is set aside | `queue release`, which puts it back |
///
/// A file that has not got its name is what a cut session left: the next start removes it. One with
/// its name and without a row may have been promised to somebody, if the database is not the last
/// that there was: it is set aside. From every state an operator's `queue remove` ends a mail;
/// nothing else deletes a damaged one.
package struct MailRecord: Sendable, Hashable {
    package enum State: String, Sendable, Codable, CaseIterable {
        case acting, held, retired, damaged
    }

    /// Where the mail's bytes are: SES's header block (`headLength` bytes) and then the raw mail
    /// as received.
    package enum BodyPlace: String, Sendable, Codable {
        /// In the row of `mail_body` with this mail's id.
        case row
        /// In the body file named by this mail's id.
        case file
        /// Removed by retention.
        case expired
    }

    package var id: MailID
    package var account: AccountID
    package var receivedAt: Timestamp
    package var state: State
    package var envelope: ReceivedEnvelope
    /// The version of the rule set that was active on arrival: the mail is judged by it.
    package var ruleSetVersion: String
    /// Whether no rule took the mail (`postmaster`, or rules that changed meanwhile).
    package var isUntaken: Bool
    package var bodyPlace: BodyPlace
    /// Length of the header block that we put before the raw mail, bytes.
    package var headLength: Int
    /// Length of head and raw mail together, bytes.
    package var totalLength: Int
    /// CRC-32C of head and raw mail together: says whether what is stored is whole.
    package var checksum: UInt32
    /// What was found out about the mail; nil where nothing was yet, or where nothing judges.
    package var verdicts: VerdictRecord?
    /// Why the mail could not be judged so far, for people; nothing is done with it until it is.
    package var waitsFor: String?
    /// Nil for a mail as it came.
    package var replay: ReplayMark?

    package init(
        id: MailID, account: AccountID, receivedAt: Timestamp, state: State,
        envelope: ReceivedEnvelope, ruleSetVersion: String, isUntaken: Bool,
        bodyPlace: BodyPlace, headLength: Int, totalLength: Int, checksum: UInt32,
        verdicts: VerdictRecord? = nil, waitsFor: String? = nil, replay: ReplayMark? = nil
    ) {
        self.id = id
        self.account = account
        self.receivedAt = receivedAt
        self.state = state
        self.envelope = envelope
        self.ruleSetVersion = ruleSetVersion
        self.isUntaken = isUntaken
        self.bodyPlace = bodyPlace
        self.headLength = headLength
        self.totalLength = totalLength
        self.checksum = checksum
        self.verdicts = verdicts
        self.waitsFor = waitsFor
        self.replay = replay
    }
}

/// What the SMTP session knew of one mail.
package struct ReceivedEnvelope: Sendable, Hashable {
    package var mailFrom: ReversePath
    /// In the order of RCPT, without repetition, at least one; bare `<Postmaster>` stands here as
    /// `postmaster@` our primary host name.
    package var recipients: [Mailbox]
    /// The argument of EHLO or HELO as given: printable, at most 255 characters.
    package var helo: String
    /// The peer's address without port, canonical text.
    package var peerAddress: String
    /// What was known of the peer's name when the mail began.
    package var peerName: PeerName
    /// The TLS version, `TLSv1.3` for instance; nil for plaintext.
    package var tls: String?
    /// Whether the peer greeted by EHLO.
    package var isExtended: Bool
    /// Whether MAIL carried SMTPUTF8.
    package var isSMTPUTF8: Bool
    /// Whether MAIL carried BODY=8BITMIME.
    package var is8BitMIME: Bool
    /// Whether MAIL carried REQUIRETLS: whoever sends the mail on asks the same. RFC 8689 §4.1
    package var requiresTLS: Bool

    package init(
        mailFrom: ReversePath, recipients: [Mailbox], helo: String, peerAddress: String,
        peerName: PeerName = .unknown, tls: String?, isExtended: Bool, isSMTPUTF8: Bool,
        is8BitMIME: Bool, requiresTLS: Bool = false
    ) {
        self.mailFrom = mailFrom
        self.recipients = recipients
        self.helo = helo
        self.peerAddress = peerAddress
        self.peerName = peerName
        self.tls = tls
        self.isExtended = isExtended
        self.isSMTPUTF8 = isSMTPUTF8
        self.is8BitMIME = is8BitMIME
        self.requiresTLS = requiresTLS
    }
}
