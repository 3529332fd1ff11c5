/// An ordered list of receipt rules. SES: `ReceiptRuleSet`.
package struct ReceiptRuleSet: Sendable, Hashable, Codable {
    /// `[A-Za-z0-9_.-]`, starts and ends alphanumeric, at most 64 characters.
    package var name: String
    package var rules: [ReceiptRule]
    /// The address lists that its conditions ask, by name; nil where none asks one.
    package var lists: [String: [RecipientCondition]]?

    package init(
        name: String, rules: [ReceiptRule], lists: [String: [RecipientCondition]]? = nil
    ) {
        self.name = name
        self.rules = rules
        self.lists = lists
    }
}

/// Which mails a rule takes, and what is then done, in order. SES: `ReceiptRule`.
package struct ReceiptRule: Sendable, Hashable, Codable {
    /// SES: `TlsPolicy`.
    package enum TLSPolicy: String, Sendable, Codable {
        case optional = "Optional"
        case require = "Require"
    }

    /// As a rule set's name; unique in its set.
    package var name: String
    package var isEnabled: Bool
    package var tlsPolicy: TLSPolicy
    /// Empty: every address of every verified identity.
    package var recipients: [RecipientCondition]
    /// Nil: nothing more is asked.
    package var conditions: RuleConditions?
    package var actions: [ReceiptAction]
    package var isScanEnabled: Bool

    package init(
        name: String, isEnabled: Bool, tlsPolicy: TLSPolicy, recipients: [RecipientCondition],
        conditions: RuleConditions? = nil, actions: [ReceiptAction], isScanEnabled: Bool
    ) {
        self.name = name
        self.isEnabled = isEnabled
        self.tlsPolicy = tlsPolicy
        self.recipients = recipients
        self.conditions = conditions
        self.actions = actions
        self.isScanEnabled = isScanEnabled
    }
}

/// One entry of a rule's recipients. SES: the developer guide's table of recipient conditions, which
/// has the first three.
package enum RecipientCondition: Sendable, Hashable {
    /// `user@example.com`, lower-cased: also `user+anything@example.com`, unless the entry
    /// itself has a label; then that label only.
    case address(localPart: String, domain: String)
    /// `example.com`: its addresses, not those of its subdomains.
    case domain(String)
    /// `.example.com`, kept without the dot: every subdomain at any depth, not the parent.
    case subdomains(of: String)
    /// `ticket-*@example.com`: the whole address.
    case like(Wildcard)
    /// An expression that is found in the address.
    case matches(Pattern)
}

/// What a rule does with a mail that it took: data; the doing is in Actions.
/// SES: `ReceiptAction`.
package enum ReceiptAction: Sendable, Hashable, Codable {
    /// What a failing action keeps waiting.
    package enum FailurePolicy: String, Sendable, Codable {
        /// The later actions that design and SES order behind it.
        case hold
        /// Nothing: it is retried beside them.
        case goOn
    }

    /// SES: `InvocationType`.
    package enum InvocationType: String, Sendable, Codable {
        case requestResponse = "RequestResponse"
        case event = "Event"
    }

    /// SES: `Encoding` of an SNS action.
    package enum Encoding: String, Sendable, Codable {
        case utf8 = "UTF-8"
        case base64 = "Base64"
    }

    /// Writes the mail as an object. SES: `S3Action`. `topic` hears of it afterwards.
    case store(
        bucket: String, prefix: String?, topic: String?, onFailure: FailurePolicy)
    /// Gives the mail to a handler by name. SES: `LambdaAction`.
    case invoke(
        handler: String, type: InvocationType, topic: String?, onFailure: FailurePolicy)
    /// Publishes the mail with its content. SES: `SNSAction`.
    case notify(topic: String, encoding: Encoding)
    /// Whose name a mail that is sent on has in From.
    package enum ForwardAuthor: String, Sendable, Codable {
        /// Its author's, as it came.
        case keep
        /// Ours, with the author's name and answers to them, so that DMARC passes.
        case rewrite
    }

    /// Sends the mail on to addresses, as `identity` (an address of a verified identity), or as the
    /// recipient where that is nil. SES has none; its users' functions do it.
    case forward(to: [String], identity: String?, author: ForwardAuthor)
    /// Hands the mail on to a host by name, for the recipients that the rule took. SES: `WorkmailAction`
    /// in its place; Mail Manager's Relay
    case relay(to: String)
    /// Puts the mail into its recipients' Maildirs of this name. SES: `WorkmailAction` in its place
    case deliver(maildir: String)
    /// Puts a header line before the mail for later actions. SES: `AddHeaderAction`.
    case addHeader(name: String, value: String)
    /// Ends the evaluation for the whole mail. SES: `StopAction`.
    case stop(topic: String?)
}
