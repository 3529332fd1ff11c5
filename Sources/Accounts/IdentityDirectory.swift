package import MailModel
package import Storage
import Synchronization

/// Which domains and addresses are ours: the verified identities, as an immutable snapshot that
/// admission asks and that each change replaces whole.
///
/// SES: a verified domain covers its addresses and its subdomains' addresses; an address identity
/// covers that address alone.
package final class IdentityDirectory: Sendable {
    private struct Snapshot {
        var domains: Set<String> = []
        /// Lower-cased; a local part's case means nothing on the way in.
        var addresses: Set<String> = []
        var records: [IdentityRecord] = []
    }

    private let snapshot = Mutex(Snapshot())
    private let store: any IdentityStore
    private let account: AccountID

    package init(store: any IdentityStore, account: AccountID = .main) {
        self.store = store
        self.account = account
    }

    /// Reads all identities anew. Throws `StorageFailure`; the old snapshot then stays.
    package func reload() async throws(StorageFailure) {
        let records = try await store.identities(of: account)
        var fresh = Snapshot()
        fresh.records = records.sorted { $0.name < $1.name }
        for record in records where record.status == .success {
            switch record.kind {
            case .domain: fresh.domains.insert(record.name)
            case .address: fresh.addresses.insert(record.name.lowercased())
            }
        }
        snapshot.withLock { $0 = fresh }
    }

    /// All identities, verified or not, by name.
    package var records: [IdentityRecord] {
        snapshot.withLock { $0.records }
    }

    /// Whether a verified identity covers `mailbox`: itself, its domain or a parent domain.
    package func covers(_ mailbox: Mailbox) -> Bool {
        snapshot.withLock { current in
            Self.covers(mailbox.domain, in: current.domains)
                || current.addresses.contains(
                    "\(mailbox.foldedLocalPart)@\(mailbox.domain.ascii)")
        }
    }

    /// Whether `domain` or a parent of it is a verified domain identity.
    package func covers(_ domain: Domain) -> Bool {
        snapshot.withLock { Self.covers(domain, in: $0.domains) }
    }

    private static func covers(_ domain: Domain, in domains: Set<String>) -> Bool {
        guard !domains.isEmpty else { return false }
        return domains.contains(domain.ascii) || domain.parents.contains(where: domains.contains)
    }

    /// Adds a domain or an address by the operator's word: verified at once, and no check undoes
    /// it. Adding what is there makes it trusted.
    package func addTrusted(
        _ name: IdentityName, at time: Timestamp
    ) async throws(StorageFailure) -> IdentityRecord {
        let record = IdentityRecord(
            account: account, name: name.text, kind: name.kind, status: .success,
            isTrusted: true, createdAt: time)
        try await store.put(record)
        try await reload()
        return record
    }

    /// Removes an identity; says whether it was there.
    package func remove(_ name: IdentityName) async throws(StorageFailure) -> Bool {
        let wasThere = try await store.removeIdentity(name.text, of: account)
        try await reload()
        return wasThere
    }
}
