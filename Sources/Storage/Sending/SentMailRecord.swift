package import MailModel
package import NIOCore

/// A mail that was taken to be sent: what left, for whom it was asked, and what its events tell.
///
/// | state | which rows exist | the one step that leaves it |
/// |---|---|---|
/// | `queued` | row with the head, body in `mail_body` or a body file, a row for each recipient | the commit of its last recipient's end |
/// | `ended` | row with the head, recipients; no body: its file goes right after the commit, or at the next start | retention |
///
/// What stands here is what leaves: it is signed before it is committed, and nothing changes it.
package struct SentMailRecord: Sendable, Hashable {
    package enum State: String, Sendable, Codable, CaseIterable { case queued, ended }

    package var id: MessageID
    /// Names its body: a row of `mail_body`, or a body file.
    package var bodyID: MailID
    package var account: AccountID
    package var acceptedAt: Timestamp
    package var state: State
    package var facts: SendingFacts
    /// The path that the sender gave: where what we have to say of the mail goes.
    package var sender: ReversePath
    /// Domain of the return paths that its transactions have.
    package var returnDomain: Domain
    /// Its header section as it leaves, the empty line at its end included.
    package var head: ByteBuffer
    package var bodyPlace: MailRecord.BodyPlace
    /// Of the bytes after the head.
    package var bodyLength: Int
    /// CRC-32C of head and body together; of the body alone where it is in a file.
    package var checksum: UInt32
    package var is8Bit: Bool
    package var isSMTPUTF8: Bool
    package var tls: TLSDemand
    /// Name of the pool of local addresses that it leaves from.
    package var pool: String?

    package init(
        id: MessageID, bodyID: MailID, account: AccountID, acceptedAt: Timestamp,
        state: State = .queued, facts: SendingFacts, sender: ReversePath, returnDomain: Domain,
        head: ByteBuffer, bodyPlace: MailRecord.BodyPlace, bodyLength: Int, checksum: UInt32,
        is8Bit: Bool, isSMTPUTF8: Bool, tls: TLSDemand = .opportunistic, pool: String? = nil
    ) {
        self.id = id
        self.bodyID = bodyID
        self.account = account
        self.acceptedAt = acceptedAt
        self.state = state
        self.facts = facts
        self.sender = sender
        self.returnDomain = returnDomain
        self.head = head
        self.bodyPlace = bodyPlace
        self.bodyLength = bodyLength
        self.checksum = checksum
        self.is8Bit = is8Bit
        self.isSMTPUTF8 = isSMTPUTF8
        self.tls = tls
        self.pool = pool
    }
}

/// What a mail asks of the way that it takes. A domain's own policy (MTA-STS, DANE) is kept beside
/// it, but where the mail waives it.
package enum TLSDemand: String, Sendable, Codable {
    /// Encrypted where the next hop offers it.
    case opportunistic
    /// The same, and nothing that the domain asks for: to arrive matters more. RFC 8689 §3
    case waived
    /// Encrypted, whoever the next hop is. SES: `TlsPolicy` `REQUIRE`
    case required
    /// Encrypted, to a host that is proven, and to one alone that promises the same. RFC 8689
    case verifiedOnward
}

/// How a mail came to be sent, as its events tell it. ses.md E.3, `mail` and its `tags`
package struct SendingFacts: Sendable, Hashable, Codable {
    /// The entrance of reports that the server itself sends.
    package static let reportOperation = "DeliveryReport"

    /// The entrance of received mails that a rule sends on.
    package static let forwardOperation = "Forward"

    /// The entrance of answers that rules give.
    package static let replyOperation = "Reply"
    /// The entrance of received mails that a rule hands on to a host for their recipients.
    package static let relayOperation = "Relay"

    /// The entrance of mails that tell subscribers of topics.
    package static let topicOperation = "Topic"

    /// SES's name of the entrance: `SendRawEmail` for SMTP.
    package var operation: String
    /// Of the client; nil where the server itself sends.
    package var sourceIP: String?
    /// The access key's name, the local user's, or what of ours sends.
    package var caller: String
    /// The identity that it is sent as: a domain or an address.
    package var identity: String
    package var configurationSet: String?
    /// The caller's own, by name.
    package var tags: [String: [String]]
    /// What the sender had put where `Message-ID` is ours.
    package var sendersMessageID: String?
    /// Of what was submitted, where that was done under an idempotency key: another mail under the
    /// key has another.
    package var submittedDigest: String?

    /// A mail of ours about another one of ours.
    package var isReport: Bool { operation == Self.reportOperation }

    /// Of mails of ours nobody is told: what a topic tells would be told to it again.
    package var isTold: Bool { !isReport && operation != Self.topicOperation }

    package var isForward: Bool { operation == Self.forwardOperation }

    /// It is not sent to anybody: it goes on to where its recipients have their mail. Its envelope is
    /// as it came, and no list of who is not sent to is asked or told.
    package var isRelayed: Bool { operation == Self.relayOperation }

    package init(
        operation: String, sourceIP: String?, caller: String, identity: String,
        configurationSet: String? = nil, tags: [String: [String]] = [:],
        sendersMessageID: String? = nil, submittedDigest: String? = nil
    ) {
        self.operation = operation
        self.sourceIP = sourceIP
        self.caller = caller
        self.identity = identity
        self.configurationSet = configurationSet
        self.tags = tags
        self.sendersMessageID = sendersMessageID
        self.submittedDigest = submittedDigest
    }
}
