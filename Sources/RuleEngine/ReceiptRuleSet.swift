package import MailModel

/// An ordered list of receipt rules. SES: `ReceiptRuleSet`.
package struct ReceiptRuleSet: Sendable, Hashable {
    /// `[A-Za-z0-9_.-]`, starts and ends alphanumeric, at most 64 characters.
    package var name: String
    package var rules: [ReceiptRule]
    /// Whether its rules are asked once for each recipient of a mail, and not once for all of them, as
    /// SES asks them.
    package var isPerRecipient: Bool
    /// The address lists that its conditions ask, by name; nil where none asks one.
    package var lists: [String: [RecipientCondition]]?

    package init(
        name: String, rules: [ReceiptRule], isPerRecipient: Bool = false,
        lists: [String: [RecipientCondition]]? = nil
    ) {
        self.name = name
        self.rules = rules
        self.isPerRecipient = isPerRecipient
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

    /// Refuses the mail before its 250, so that nobody has to be written to: an SMTP code of class 4 or
    /// 5, an enhanced status of the same class, and a line of printable ASCII. `asking`: who decides
    /// whether it does; nil where it always does. SES has none.
    case reject(code: Int, status: EnhancedStatus, text: String, asking: SessionQuestion?)
    /// Sends the mail on to addresses, as `identity` (an address of a verified identity), or as the
    /// recipient where that is nil. SES has none; its users' functions do it.
    case forward(to: [String], identity: String?, author: ForwardAuthor)
    /// Tells the sender that the mail did not arrive. SES: `BounceAction`
    case bounce(ReceiptBounce)
    /// Answers whoever wrote. SES has none; its users' functions do it.
    case reply(ReceiptReply)
    /// Hands the mail on to a host by name, for the recipients that the rule took. SES: `WorkmailAction`
    /// in its place; Mail Manager's Relay
    case relay(to: String)
    /// Puts the mail into its recipients' Maildirs of this name. SES: `WorkmailAction` in its place
    case deliver(maildir: String)
    /// Posts the mail to the web endpoint of this name. SES has none.
    case webhook(to: String)
    /// Puts a header line before the mail for later actions. SES: `AddHeaderAction`.
    case addHeader(name: String, value: String)
    /// Takes a field of this name, however often it is there, out of what later actions see. SES has none.
    case removeHeader(name: String)
    /// Gives the mail a value under a name, for events, handlers and whoever looks for mails. SES has
    /// none.
    case tag(name: String, value: String)
    /// Keeps the mail apart until a person releases it: then the rules go on behind this action.
    /// `reason` is for that person. SES has none.
    case quarantine(reason: String?)
    /// Ends the evaluation for the whole mail. SES: `StopAction`.
    case stop(topic: String?)
    /// The same, for a mail that nobody wants. Mail Manager: `DropAction`.
    case drop
}

/// A handler that is asked before the 250 whether its rule refuses the mail.
package struct SessionQuestion: Sendable, Hashable, Codable {
    /// What becomes of the mail where it does not answer.
    package enum Failure: String, Sendable, Codable {
        /// As if it had nothing against the mail.
        case accept
        /// It is to come again.
        case `defer`
    }

    package var handler: String
    /// Until an answer that has not come counts as none.
    package var timeoutSeconds: Int
    package var onFailure: Failure

    package init(handler: String, timeoutSeconds: Int, onFailure: Failure) {
        self.handler = handler
        self.timeoutSeconds = timeoutSeconds
        self.onFailure = onFailure
    }
}
