import MailModel

/// What a domain identity has for sending, beside its `IdentityRecord`: how its mail is signed, and
/// where its bounces go.
package struct SendingIdentity: Sendable, Hashable {
    package var account: AccountID
    /// The identity's.
    package var name: String
    /// Nil: DKIM was never asked for. SES: `NOT_STARTED`
    package var dkim: DKIMSettings?
    /// Nil: the default return path. SES: no `MailFromDomain`
    package var mailFrom: MailFromSettings?
    /// The configuration set of mails that name none. SES: `ConfigurationSetName`
    package var configurationSet: String?
    /// By selector.
    package var keys: [DKIMKeyRecord]

    package init(account: AccountID, name: String) {
        self.account = account
        self.name = name
        keys = []
    }
}

/// How an identity's mail is signed. SES: `DkimAttributes`
package struct DKIMSettings: Sendable, Hashable, Codable {
    /// Whose keys are to sign; until theirs are found, those of the other origin go on.
    package var origin: DKIMKeyRecord.Origin
    /// SES: `SigningEnabled`
    package var isEnabled: Bool
    package var watch: RecordWatch

    package init(origin: DKIMKeyRecord.Origin, isEnabled: Bool, watch: RecordWatch) {
        self.origin = origin
        self.isEnabled = isEnabled
        self.watch = watch
    }
}

/// The domain of an identity's return paths. SES: `MailFromAttributes`
package struct MailFromSettings: Sendable, Hashable, Codable {
    /// What is done while the domain's records are not there. SES: `BehaviorOnMxFailure`
    package enum Behavior: String, Sendable, Codable, CaseIterable {
        case useDefaultValue = "USE_DEFAULT_VALUE"
        case rejectMessage = "REJECT_MESSAGE"
    }

    /// As A-labels, below the identity's domain.
    package var domain: String
    package var behavior: Behavior
    package var watch: RecordWatch

    package init(domain: String, behavior: Behavior, watch: RecordWatch) {
        self.domain = domain
        self.behavior = behavior
        self.watch = watch
    }
}

/// What identities send with. It goes with its identity.
package protocol SendingIdentityStore: Sendable {
    func sendingIdentities(of account: AccountID) async throws(StorageFailure) -> [SendingIdentity]
    /// Puts `new`, keys and all, in the place of `old`; nil: of nothing. Says whether `old` was
    /// still what stood there, and the identity was; if not, nothing is changed.
    func replace(
        _ old: SendingIdentity?, with new: SendingIdentity
    ) async throws(StorageFailure) -> Bool
}
