package import MailModel
package import Storage
import Synchronization

/// What the identities send with, as an immutable snapshot that the composing of mails asks, and
/// that each change replaces whole.
///
/// SES: a domain's settings are those of its subdomains and addresses, where these have none of
/// their own.
package final class SendingIdentities: Sendable {
    /// Keys that a mail is signed with at most.
    package static let signaturesMax = 2
    private static let changeTriesMax = 5

    private struct Snapshot {
        var records: [String: SendingIdentity] = [:]
        /// MAIL FROM domains, whatever is found of them.
        var returnDomains: Set<String> = []
        /// Of the reading that it came from: reading n began before reading n + 1.
        var reading = 0
    }

    /// Where a mail's bounces go.
    package enum ReturnDomain: Sendable, Hashable {
        /// To the server's own.
        case standard
        case custom(Domain)
        /// The mail is not to be sent while the records of its MAIL FROM domain are not there.
        case refused(Domain)
    }

    private let snapshot = Mutex(Snapshot())
    private let readings = Atomic<Int>(0)
    private let store: any SendingIdentityStore
    private let keys: SigningKeys
    private let account: AccountID

    package init(
        store: any SendingIdentityStore, maker: DKIMKeyMaker, account: AccountID = .main
    ) {
        self.store = store
        self.account = account
        keys = SigningKeys(maker)
    }

    /// Reads all anew; the old snapshot stays where that fails. Of several readings at once the one
    /// that began last counts.
    package func reload() async throws(StorageFailure) {
        let reading = readings.add(1, ordering: .relaxed).newValue
        let records = try await store.sendingIdentities(of: account)
        let fresh = Snapshot(
            records: Dictionary(records.map { ($0.name, $0) }) { $1 },
            returnDomains: Set(records.compactMap { $0.mailFrom?.domain }), reading: reading)
        let isNewest = snapshot.withLock { current in
            guard current.reading < reading else { return false }
            current = fresh
            return true
        }
        if isNewest { keys.keep(only: records) }
    }

    /// Grows with each reading: who knows what stood there then need not look again.
    var reading: Int { snapshot.withLock { $0.reading } }

    /// By name.
    package var records: [SendingIdentity] {
        snapshot.withLock { Array($0.records.values) }.sorted { $0.name < $1.name }
    }

    package func record(of name: String) -> SendingIdentity? {
        snapshot.withLock { $0.records[name] }
    }

    /// Of the private keys.
    package func checkSecrets() -> SecretsCheck {
        var check = SecretsCheck()
        for identity in records {
            for key in identity.keys { opens(key, of: identity.name, &check) }
        }
        return check
    }

    /// Removes the DKIM keys that cannot be opened, for good. An identity that has none left of
    /// whom is to sign is as one that DKIM was never asked for.
    package func removeClosedSecrets() async throws(StorageFailure) {
        for record in records {
            var check = SecretsCheck()
            let closed = Set(
                record.keys.filter { !opens($0, of: record.name, &check) }.map(\.selector))
            guard !closed.isEmpty else { continue }
            _ = try await change(record.name) { identity in
                identity.keys.removeAll { closed.contains($0.selector) }
                let origin = identity.dkim?.origin
                if !identity.keys.contains(where: { $0.facts.origin == origin }) {
                    identity.dkim = nil
                }
            }
        }
    }

    @discardableResult
    private func opens(
        _ key: DKIMKeyRecord, of name: String, _ check: inout SecretsCheck
    ) -> Bool {
        check.note { () throws(SecretBox.Failure) in try keys.check(key, of: name) }
    }

    // MARK: What a mail is sent with

    /// The keys to sign a mail with whose From is of `domain`, RSA first: those of the domain, else
    /// of the nearest parent that signs; none where there is none, or where signing was switched
    /// off for what is nearest. Throws where a key cannot be opened.
    package func signingKeys(for domain: Domain) throws(SecretBox.Failure) -> [SigningKeyUse] {
        for name in names(from: domain) {
            guard let identity = record(of: name), let dkim = identity.dkim else { continue }
            guard dkim.isEnabled else { return [] }
            let uses = try keys.uses(of: identity)
            if !uses.isEmpty { return Array(uses.prefix(Self.signaturesMax)) }
        }
        return []
    }

    /// Where bounces of a mail go whose From is of `domain`.
    package func returnDomain(for domain: Domain) -> ReturnDomain {
        for name in names(from: domain) {
            guard let mailFrom = record(of: name)?.mailFrom else { continue }
            let custom = Domain(validatedASCII: mailFrom.domain)
            // SES: only what is found now is used.
            if mailFrom.watch.status == .success { return .custom(custom) }
            switch mailFrom.behavior {
            case .useDefaultValue: return .standard
            case .rejectMessage: return .refused(custom)
            }
        }
        return .standard
    }

    /// Whether `domain` is the MAIL FROM domain of an identity.
    func hasReturnDomain(_ domain: Domain) -> Bool {
        snapshot.withLock { $0.returnDomains.contains(domain.ascii) }
    }

    /// Whether the records of the domain's keys were there at the last look.
    func hasFoundKeys(of name: String) -> Bool {
        guard let watch = record(of: name)?.dkim?.watch else { return false }
        return watch.status == .success && watch.lastCheck?.error == nil
    }

    /// The configuration set of a mail that names none, and whose From is of `domain`. SES: an
    /// identity's default configuration set.
    package func configurationSet(for domain: Domain) -> String? {
        for name in names(from: domain) {
            if let set = record(of: name)?.configurationSet { return set }
        }
        return nil
    }

    private func names(from domain: Domain) -> [String] { [domain.ascii] + domain.parents }

    // MARK: Changes

    /// Puts `new` in the place of `old`, unless that was changed or the identity was removed
    /// meanwhile; says whether it did.
    func replace(
        _ old: SendingIdentity?, with new: SendingIdentity
    ) async throws(StorageFailure) -> Bool {
        guard old != new else { return true }
        let isReplaced = try await store.replace(old, with: new)
        try await reload()
        return isReplaced
    }

    /// Changes what the identity `name` sends with, from whatever stands there by then; answers
    /// what it is now. Nil: the identity is gone.
    func change(
        _ name: String, _ body: (inout SendingIdentity) -> Void
    ) async throws(StorageFailure) -> SendingIdentity? {
        for _ in 0..<Self.changeTriesMax {
            let old = record(of: name)
            var new = old ?? SendingIdentity(account: account, name: name)
            body(&new)
            if try await replace(old, with: new) { return new }
        }
        return nil
    }
}
