package import MailModel

/// Rule sets as they stood when mails arrived, by version.
package protocol RuleSetStore: Sendable {
    /// Notes that the set called `name` is in force as `version`, and keeps it: `document` is our JSON
    /// form, `source` what it was read from. Where it was in force already (a start, a reading that
    /// changed nothing), only `source` is new.
    func keep(
        version: String, name: String, document: String, source: RuleSetSource?,
        because cause: RuleSetCause, at time: Timestamp
    ) async throws(StorageFailure)
    func document(ofVersion version: String) async throws(StorageFailure) -> String?
    /// What the version was read from, as it was last; nil for what an older program has kept.
    func source(ofVersion version: String) async throws(StorageFailure) -> RuleSetSource?
    /// The versions that are kept, the one that came into force last first; `name`: of that set alone.
    func versions(of name: String?) async throws(StorageFailure) -> [RuleSetVersion]
    /// How many mails there are that each version has judged, by version. Looks at every mail.
    func mailCountsByVersion() async throws(StorageFailure) -> [String: Int]
    /// Forgets versions that neither a mail nor a replay has, but for the `count` that came into force
    /// last. While that many came within a day, all stay: a mail that is just coming may have one.
    /// Says how many went.
    func dropVersions(
        keeping count: Int, at time: Timestamp
    ) async throws(StorageFailure) -> Int
    /// What an operator made active; nil while none has.
    func activeRuleSet(of account: AccountID) async throws(StorageFailure) -> ActiveRuleSet?
    func setActiveRuleSet(
        _ active: ActiveRuleSet, of account: AccountID
    ) async throws(StorageFailure)
}

/// An operator's word on which rule set is in force. SES: `SetActiveReceiptRuleSet`.
package enum ActiveRuleSet: Sendable, Hashable {
    case named(String)
    /// No rule set, and so no mail.
    case noSet
}
