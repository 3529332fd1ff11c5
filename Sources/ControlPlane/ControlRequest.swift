package import Foundation
package import RuleEngine
package import Storage

/// Everything that can be asked of a running server; what the command line sends.
package enum ControlRequest: Sendable, Codable {
    case status
    /// Verified by the operator's word, or by a record in the DNS.
    case addIdentity(name: String, isTrusted: Bool)
    case removeIdentity(name: String)
    case listIdentities
    case showIdentity(name: String)
    /// Looks for the domain's record now.
    case checkIdentity(name: String)
    case listRuleSets
    /// The active set where no name is given; as it was in force as `version`, by how that begins.
    case showRuleSet(name: String?, version: String?)
    /// Those of all sets where no name is given.
    case listRuleVersions(name: String?)
    /// To the version that was in force before where none is given.
    case rollBackRules(name: String, version: String?)
    /// SES: `SetActiveReceiptRuleSet`; no name: receive nothing.
    case activateRuleSet(name: String?)
    case reloadRules
    case listMails(MailFilter)
    case showMail(id: String)
    case traceMail(id: String)
    /// What a draft of the rules would do with the mail.
    case explainMail(id: String, draft: ReceiptRuleSet)
    /// Which of the `last` mails a draft would treat differently from the set in force.
    case compareRules(draft: ReceiptRuleSet, last: Int)
    /// `isStored`: with the header block that we put before it.
    case rawMail(id: String, isStored: Bool)
    case retryMail(id: String)
    case holdMail(id: String)
    case releaseMail(id: String)
    case removeMail(id: String)
    case listDeadMessages
    case resendMessage(id: String)
    case listSubscriptions
    /// SNS: `Subscribe`, of one of the configuration, or of an address; an address may want JSON.
    case subscribe(topic: String, subscriber: String, wantsJSON: Bool, isTrusted: Bool)
    /// SNS: `Unsubscribe`, of an address.
    case unsubscribe(topic: String, subscriber: String)
    /// What is said in sessions from now on, in parts, until the peer goes.
    case watchSessions(SessionFilterView)
    /// Of the whole server, into an empty folder of its machine; tells how far it is, in parts.
    case backup(folder: String)
    case accessKeys(AccessKeyRequest)
    case sending(SenderRequest)
    case replay(ReplayRequest)
    case changeSender(identity: String, SenderChange)

    /// Whether it goes on until the peer has seen enough.
    package var isWatching: Bool {
        if case .watchSessions = self { true } else { false }
    }
}

/// What came of it.
package enum ControlAnswer: Sendable, Codable {
    case status(StatusView)
    case identities([IdentityView])
    case identity(IdentityView)
    case ruleSets([RuleSetView])
    /// A rule set's file form.
    case ruleSet(RuleSetTextView)
    case ruleVersions([RuleVersionView])
    case mails([MailView])
    case mail(MailDetailView)
    case trace(MailTraceView)
    case ruleComparison(RuleComparisonView)
    /// Base64 on the wire: a third more, where a list of numbers would be four times as much.
    case raw(Data)
    case deadMessages([DeadMessageView])
    case subscriptions([SubscriptionView])
    /// A part of the answer to `watchSessions`; the first comes at once, and is empty.
    case sessionLines(SessionLinesView)
    /// A part of the answer to `backup`.
    case progress(BackupProgress)
    case backup(BackupView)
    case sending(SenderAnswer)
    case replay(ReplayAnswer)
    /// For people: what was done.
    case done(String)
    case failed(ControlFailure)

    /// Whether more answers follow.
    package var isPart: Bool {
        switch self {
        case .sessionLines, .progress, .replay(.page): true
        case .status, .identities, .identity, .ruleSets, .ruleSet, .ruleVersions, .mails, .mail,
            .trace,
            .ruleComparison, .raw,
            .deadMessages, .subscriptions, .backup, .sending, .replay, .done, .failed:
            false
        }
    }
}

/// Why it was not done; every problem at once where there are several.
package struct ControlFailure: Error, Sendable, Codable, CustomStringConvertible {
    package enum Kind: String, Sendable, Codable {
        /// What was asked makes no sense, or not in this state.
        case invalid
        case notFound
        case unavailable
        /// A rule file has problems.
        case problems
    }

    package var kind: Kind
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    init(_ failure: StorageFailure) {
        if case .notFound(let detail) = failure {
            self.init(.notFound, detail)
        } else {
            self.init(.unavailable, "\(failure)")
        }
    }

    package var description: String { message }
}
