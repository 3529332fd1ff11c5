/// A mail that tells a subscriber of a topic. Nobody has asked for it just now, so no program answers
/// it: RFC 3834 §5
///
/// 7-bit whatever it says.
package struct TopicMail: Sendable {
    /// The field that says by which subscription it came: the server that finds it in a mail that comes
    /// in does not tell a topic of that mail by mail.
    private static let subscriptionField = "Martlet-Subscription"

    /// Left side of its Message-ID: the message's id, so that a mail that is sent again is known by it.
    package var id: String
    package var at: Timestamp
    /// Right side of its Message-ID.
    package var domain: Domain
    /// Its local part is ASCII.
    package var author: Mailbox
    package var recipient: Mailbox
    package var subject: String
    package var text: String
    /// The subscription's ARN; nil before there is one.
    package var subscription: String?
    /// The link that ends it: for people (RFC 2369 §3.2) and, by https, for programs (RFC 8058 §3.1).
    package var unsubscribeURL: String?

    package init(
        id: String, at: Timestamp, domain: Domain, from author: Mailbox, to recipient: Mailbox,
        subject: String, text: String, subscription: String?, unsubscribeURL: String?
    ) {
        self.id = id
        self.at = at
        self.domain = domain
        self.author = author
        self.recipient = recipient
        self.subject = subject
        self.text = text
        self.subscription = subscription
        self.unsubscribeURL = unsubscribeURL
    }

    /// ARNs of the subscriptions by which a mail came, as it says; nobody has checked that.
    package static func subscriptions(in header: HeaderBlock) -> [String] {
        header.all(subscriptionField).map { $0.text.split(whereSeparator: \.isWhitespace).joined() }
    }

    /// Header section and body, in 7-bit lines with CRLF ends.
    package var bytes: [UInt8] {
        let others = [
            subscription.flatMap { ComposedField(Self.subscriptionField, $0) },
            unsubscribeURL.flatMap { ComposedField("List-Unsubscribe", "<\($0)>") },
            unsubscribeURL.flatMap {
                $0.lowercased().hasPrefix("https://")
                    ? ComposedField("List-Unsubscribe-Post", "List-Unsubscribe=One-Click") : nil
            },
        ]
        return ComposedEntity.text(text).mail(
            ComposedField.ownHead(
                from: "<\(author.wireText)>", to: recipient, "auto-generated", subject, id, at: at,
                domain) + others.compactMap { $0 }
        ).bytes
    }
}
