/// What rules may refer to: the names that the configuration gives. Nil lists are not checked.
package struct RuleCatalogue: Sendable {
    package var buckets: [String]?
    package var handlers: [String]?
    package var topics: [String]?
    /// Whether mails can be sent.
    package var isSending = true
    /// Hosts that take mails for others.
    package var relays: [String]?
    package var maildirs: [String]?
    package var webhooks: [String]?
    /// What is done in the place of SES's `WorkmailAction`; nil where nobody has said it.
    package var workMail: ReceiptAction?
    /// The address lists that stand beside the rules.
    package var lists: [String: [RecipientCondition]] = [:]
    /// Of the largest mail that is taken; nil: not known.
    package var mailBytesMax: Int?

    package init(buckets: [String]?, handlers: [String]?, topics: [String]?) {
        self.buckets = buckets
        self.handlers = handlers
        self.topics = topics
    }

    /// For reading a file by itself.
    package static let unchecked = RuleCatalogue(buckets: nil, handlers: nil, topics: nil)
}
