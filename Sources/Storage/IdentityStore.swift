/// Identities of both directions.
package protocol IdentityStore: Sendable {
    func identities(of account: AccountID) async throws(StorageFailure) -> [IdentityRecord]
    func put(_ identity: IdentityRecord) async throws(StorageFailure)
    /// Says whether it was there.
    func removeIdentity(_ name: String, of account: AccountID) async throws(StorageFailure) -> Bool
}
