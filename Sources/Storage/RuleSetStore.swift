package import MailModel

/// Rule sets as they stood when mails arrived, by version.
package protocol RuleSetStore: Sendable {
    /// Keeps `document` (our JSON form) under `version`; keeping it twice is harmless.
    func keep(
        version: String, name: String, document: String, at time: Timestamp
    ) async throws(StorageFailure)
    func document(ofVersion version: String) async throws(StorageFailure) -> String?
    /// The name of the set that an operator made active, if any.
    func activeRuleSet(of account: AccountID) async throws(StorageFailure) -> String?
    func setActiveRuleSet(_ name: String?, of account: AccountID) async throws(StorageFailure)
}
