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
        /// Of the reading that it came from: reading n began before reading n + 1.
        var reading = 0
    }

    private let snapshot = Mutex(Snapshot())
    private let readings = Atomic<Int>(0)
    private let store: any IdentityStore
    private let account: AccountID

    package init(store: any IdentityStore, account: AccountID = .main) {
        self.store = store
        self.account = account
    }

    /// Reads all identities anew. Throws `StorageFailure`; the old snapshot then stays. Of several
    /// readings at once the one that began last counts, whichever ends last: it has seen all that
    /// the others saw.
    package func reload() async throws(StorageFailure) {
        let reading = readings.add(1, ordering: .relaxed).newValue
        let records = try await store.identities(of: account)
        var fresh = Snapshot()
        fresh.reading = reading
        fresh.records = records.sorted { $0.name < $1.name }
        for record in records where record.status.isUsable {
            switch record.kind {
            case .domain: fresh.domains.insert(record.name)
            case .address: fresh.addresses.insert(record.name.lowercased())
            }
        }
        snapshot.withLock { if $0.reading < reading { $0 = fresh } }
    }

    /// All identities, verified or not, by name.
    package var records: [IdentityRecord] {
        snapshot.withLock { $0.records }
    }

    package func record(of name: IdentityName) -> IdentityRecord? {
        records.first { $0.name == name.text }
    }

    /// Whether a verified identity covers `mailbox`: itself, its domain or a parent domain.
    package func covers(_ mailbox: Mailbox) -> Bool {
        snapshot.withLock { current in
            Self.covers(mailbox.domain, in: current.domains)
                || current.addresses.contains(
                    "\(mailbox.foldedLocalPart)@\(mailbox.domain.ascii)")
        }
    }

    /// The name of the verified identity that `mailbox` is sent as: the address, else its domain or
    /// the nearest parent; nil where there is none.
    package func identity(covering mailbox: Mailbox) -> String? {
        snapshot.withLock { current in
            let address = "\(mailbox.foldedLocalPart)@\(mailbox.domain.ascii)"
            if current.addresses.contains(address) { return address }
            return ([mailbox.domain.ascii] + mailbox.domain.parents)
                .first(where: current.domains.contains)
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

    // MARK: Changes

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

    /// Adds a domain that its record in the DNS is to verify. One that is there keeps its token
    /// and its status, but `FAILED` begins again. SES: `VerifyDomainIdentity`
    package func addPending(
        _ domain: Domain, at time: Timestamp, random: any RandomSource
    ) async throws(StorageFailure) -> IdentityRecord {
        var record = IdentityRecord(
            account: account, name: domain.ascii, kind: .domain, status: .pending,
            isTrusted: false, createdAt: time, token: DomainVerification.token(random))
        record.nextCheckAt = time
        if try await store.insert(record) {
            try await reload()
            return record
        }
        try await reload()
        guard let old = self.record(of: .domain(domain)) else { return record }
        var next = old
        next.token = old.token ?? record.token
        if old.status == .failed {
            next.status = .pending
            next.statusSince = time
            next.nextCheckAt = time
        }
        return try await replace(old, with: next) ?? next
    }

    /// Replaces `old`, unless it was changed or removed meanwhile; answers what stands there now.
    package func replace(
        _ old: IdentityRecord, with new: IdentityRecord
    ) async throws(StorageFailure) -> IdentityRecord? {
        if old != new { _ = try await store.replace(old, with: new) }
        try await reload()
        return records.first { $0.name == old.name }
    }

    /// Removes an identity; says whether it was there.
    package func remove(_ name: IdentityName) async throws(StorageFailure) -> Bool {
        let wasThere = try await store.removeIdentity(name.text, of: account)
        try await reload()
        return wasThere
    }
}
