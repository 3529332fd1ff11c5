package import MailModel

/// A sent mail as its events describe it. SES: `mail` of an event
package struct SentMail: Sendable {
    package var id: MessageID
    package var acceptedAt: Timestamp
    /// The path that the sender gave.
    package var source: ReversePath
    /// Of the identity that it is sent as.
    package var identityARN: String
    /// Twelve digits.
    package var account: String
    /// All recipients, in order.
    package var recipients: [Mailbox]
    /// Its header section as it leaves.
    package var head: HeaderBlock
    /// What the sender had put where `Message-ID` is ours: shown in its place among the headers.
    package var sendersMessageID: String?
    package var origin: Origin
    /// Of the connection that took it to its next hop; nil before.
    package var outgoingIP: String?

    /// How it came to be sent.
    package struct Origin: Sendable {
        /// SES's name of the entrance: `SendRawEmail` for SMTP.
        package var operation: String
        /// Of the client; nil where the server itself sends.
        package var sourceIP: String?
        /// Who sends.
        package var caller: String
        package var configurationSet: String?
        /// The sender's own, by name.
        package var tags: [String: [String]]

        package init(
            operation: String, sourceIP: String?, caller: String, configurationSet: String? = nil,
            tags: [String: [String]] = [:]
        ) {
            self.operation = operation
            self.sourceIP = sourceIP
            self.caller = caller
            self.configurationSet = configurationSet
            self.tags = tags
        }
    }

    package init(
        id: MessageID, acceptedAt: Timestamp, source: ReversePath, identityARN: String,
        account: String, recipients: [Mailbox], head: HeaderBlock,
        sendersMessageID: String? = nil, origin: Origin, outgoingIP: String? = nil
    ) {
        self.id = id
        self.acceptedAt = acceptedAt
        self.source = source
        self.identityARN = identityARN
        self.account = account
        self.recipients = recipients
        self.head = head
        self.sendersMessageID = sendersMessageID
        self.origin = origin
        self.outgoingIP = outgoingIP
    }
}
