package import MailModel

/// Rule sets as they stood when mails arrived, by version.
package protocol RuleSetStore: Sendable {
    /// Keeps `document` (our JSON form) under `version`; keeping it twice is harmless.
    func keep(
        version: String, name: String, document: String, at time: Timestamp
    ) async throws(StorageFailure)
    func document(ofVersion version: String) async throws(StorageFailure) -> String?
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
