import Accounts
import MailModel
import Storage
import Synchronization
import TestSupport

/// A directory over a store in memory, and a verifier that asks a test's zone.
final class Domains: Sendable {
    let store = ListStore()
    let zone = ZoneResolver()
    let time = ManualTime()
    let random = CountingRandom()
    let directory: IdentityDirectory
    let verification: DomainVerification
    let verifier: DomainVerifier

    init(prefix: String = "_amazonses", senders: SendingIdentities? = nil) {
        directory = IdentityDirectory(store: store)
        verification = DomainVerification(prefix: prefix)
        verifier = DomainVerifier(
            identities: directory, resolver: zone, verification: verification,
            senders: senders, time: time)
    }

    func add(_ name: String) async throws -> IdentityRecord {
        try await directory.addPending(
            Domain(validatedASCII: name), at: time.now(), random: random)
    }

    /// Makes the store hold `record` as it is.
    func write(_ record: IdentityRecord) async throws {
        store.records.withLock { $0[record.name] = record }
        try await directory.reload()
    }
}

/// An `IdentityStore` whose readings a test can hold up. The suite of the real ones is
/// `OtherStoreTests`.
final class ListStore: IdentityStore {
    let records = Mutex<[String: IdentityRecord]>([:])
    /// Called, where there is one, when a reading has seen what it will answer.
    let afterReading = Mutex<(@Sendable () async -> Void)?>(nil)

    func identities(of account: AccountID) async throws(StorageFailure) -> [IdentityRecord] {
        let seen = records.withLock { $0.values.sorted { $0.name < $1.name } }
        let wait = afterReading.withLock { action in
            defer { action = nil }
            return action
        }
        await wait?()
        return seen
    }

    func insert(_ identity: IdentityRecord) async throws(StorageFailure) -> Bool {
        records.withLock { records in
            guard records[identity.name] == nil else { return false }
            records[identity.name] = identity
            return true
        }
    }

    func put(_ identity: IdentityRecord) async throws(StorageFailure) {
        records.withLock { $0[identity.name] = identity }
    }

    func replace(
        _ old: IdentityRecord, with new: IdentityRecord
    ) async throws(StorageFailure) -> Bool {
        records.withLock { records in
            guard records[old.name] == old else { return false }
            records[old.name] = new
            return true
        }
    }

    func removeIdentity(
        _ name: String, of account: AccountID
    ) async throws(StorageFailure) -> Bool {
        records.withLock { $0.removeValue(forKey: name) != nil }
    }
}
