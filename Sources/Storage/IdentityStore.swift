/// Identities of both directions.
package protocol IdentityStore: Sendable {
    func identities(of account: AccountID) async throws(StorageFailure) -> [IdentityRecord]
    /// Says whether it was not there; one that was stays as it is.
    func insert(_ identity: IdentityRecord) async throws(StorageFailure) -> Bool
    /// By the operator's word: one that was there gets its status and trust, and keeps the rest.
    func put(_ identity: IdentityRecord) async throws(StorageFailure)
    /// Says whether `old` was still what stood there; if not, nothing is changed. What `new` calls
    /// itself, its account and when it was created do not count.
    func replace(
        _ old: IdentityRecord, with new: IdentityRecord
    ) async throws(StorageFailure) -> Bool
    /// Says whether it was there.
    func removeIdentity(_ name: String, of account: AccountID) async throws(StorageFailure) -> Bool
}
