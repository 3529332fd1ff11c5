import Foundation
package import MailModel
package import Storage
import Synchronization

/// The access keys, as an immutable snapshot in memory that sessions and requests ask, and that each
/// change replaces whole. Secrets stay sealed but for the moment of their use, and no password is
/// kept.
package final class Credentials: Sendable {
    /// Keys of the whole server.
    package static let keysMax = 10_000
    /// Characters of a key's name.
    package static let nameLengthMax = 64
    private static let idBytes = AccessKeyRecord.idRandomCharacters * 5 / 8
    private static let secretBytes = 30

    /// Why a key cannot be had.
    package enum Problem: Error, Sendable {
        /// `keysMax` are there.
        case full
        /// It is empty, too long, or holds what a line of text does not.
        case badName
        case storage(StorageFailure)
    }

    private struct Snapshot {
        var keys: [String: AccessKeyRecord] = [:]
        /// Of the reading that it came from: reading n began before reading n + 1.
        var reading = 0
        /// Uses that are not written yet.
        var uses: [String: Timestamp] = [:]
    }

    private let snapshot = Mutex(Snapshot())
    private let readings = Atomic<Int>(0)
    private let store: any AccessKeyStore
    private let box: SecretBox
    private let regions: [String]
    private let time: any TimeSource
    private let random: any RandomSource

    /// A client may have derived its password for any of `regions`; the first is the one that
    /// people are shown.
    package init(
        store: any AccessKeyStore, box: SecretBox, regions: [String], time: any TimeSource,
        random: any RandomSource
    ) {
        precondition(!regions.isEmpty, "a password is derived for a region")
        self.store = store
        self.box = box
        self.regions = regions
        self.time = time
        self.random = random
    }

    /// Reads all keys anew; the old snapshot stays where that fails.
    package func reload() async throws(StorageFailure) {
        let reading = readings.add(1, ordering: .relaxed).newValue
        let records = try await store.accessKeys()
        let keys = Dictionary(records.map { ($0.id, $0) }) { $1 }
        snapshot.withLock { current in
            guard current.reading < reading else { return }
            current.keys = keys
            current.reading = reading
        }
    }

    package func checkSecrets() -> SecretsCheck { closedSecrets().check }

    /// Removes the keys whose secrets cannot be opened, for good.
    package func removeClosedSecrets() async throws(StorageFailure) {
        for id in closedSecrets().ids { _ = try await store.removeAccessKey(id) }
        try await reload()
    }

    private func closedSecrets() -> (check: SecretsCheck, ids: [String]) {
        var check = SecretsCheck()
        let closed = records.filter { key in
            !check.note { () throws(SecretBox.Failure) in
                _ = try box.open(key.sealedSecret, from: key.place)
            }
        }
        return (check, closed.map(\.id))
    }

    /// All keys, by the time they were made.
    package var records: [AccessKeyRecord] {
        snapshot.withLock { current in
            current.keys.values.map { key in
                var key = key
                key.usedAt = current.uses[key.id] ?? key.usedAt
                return key
            }
        }.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    // MARK: Use

    /// The key of `id` where it is active and `password` is its SMTP password for one of the
    /// regions. An id that nobody has, or whose secret does not open, takes as long as one with
    /// another password, and no password is right for it.
    package func authenticate(id: String, smtpPassword password: String) -> AccessKeyRecord? {
        let key = snapshot.withLock { $0.keys[id] }
        let opened = key.flatMap(secret)
        let secret = opened ?? String(repeating: "0", count: 40)
        let isRight = regions.reduce(false) { isRight, region in
            let wanted = SMTPPassword.text(secret: secret, region: region)
            return wanted.utf8.isSame(as: password.utf8) || isRight
        }
        guard let key, opened != nil, key.state == .active, isRight else { return nil }
        noteUse(of: id)
        return key
    }

    private func secret(of key: AccessKeyRecord) -> String? {
        guard let bytes = try? box.open(key.sealedSecret, from: key.place) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The secret of a key that is there and active, to see whether a request was signed with it.
    package func secret(ofActive id: String) -> String? {
        let key = snapshot.withLock { $0.keys[id] }
        return key.flatMap { $0.state == .active ? secret(of: $0) : nil }
    }

    /// It has signed something.
    package func noteUse(of id: String) {
        let now = time.now()
        snapshot.withLock { $0.uses[id] = now }
    }

    /// Whether the key is there and not disabled.
    package func isActive(_ id: String) -> Bool {
        snapshot.withLock { $0.keys[id]?.state == .active }
    }

    /// Writes when keys were used; called by the clock.
    package func writeUses() async throws(StorageFailure) {
        let uses = snapshot.withLock { current in
            defer { current.uses = [:] }
            return current.uses
        }
        guard !uses.isEmpty else { return }
        do throws(StorageFailure) {
            try await store.recordUses(uses)
        } catch {
            snapshot.withLock { $0.uses.merge(uses) { newer, _ in newer } }
            throw error
        }
        try await reload()
    }

    // MARK: Names

    /// Whether a key may be called so.
    package static func isName(_ text: String) -> Bool {
        (1...nameLengthMax).contains(text.count)
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }

    /// What the key of `id` is called; nil where there is none.
    package func name(of id: String) -> String? { snapshot.withLock { $0.keys[id]?.name } }

    /// The keys that `word` means, by the time they were made: the one whose id it is, else all that are
    /// called so.
    package func keys(meant word: String) -> [AccessKeyRecord] {
        records.filter { AccessKeyRecord.isID(word) ? $0.id == word : $0.name == word }
    }

    // MARK: Changes

    /// A new key and its secret, which is told this once.
    package struct Made: Sendable {
        package let key: AccessKeyRecord
        package let secret: String
        /// For the first region.
        package let smtpPassword: String
        package let region: String
    }

    package func create(
        name: String, account: AccountID = .main
    ) async throws(Problem) -> Made {
        guard Self.isName(name) else { throw .badName }
        guard snapshot.withLock({ $0.keys.count }) < Self.keysMax else { throw .full }
        let secret = Data(random.bytes(Self.secretBytes)).base64EncodedString()
        var key = AccessKeyRecord(
            id: AccessKeyRecord.idPrefix + Base32.upper.text(random.bytes(Self.idBytes)),
            account: account, name: name, sealedSecret: [], createdAt: time.now())
        key.sealedSecret = box.seal(Array(secret.utf8), for: key.place)
        do throws(StorageFailure) {
            guard try await store.insert(key) else {
                throw .refused("an access key of 80 random bits was there already")
            }
            try await reload()
        } catch {
            throw .storage(error)
        }
        return Made(
            key: key, secret: secret,
            smtpPassword: SMTPPassword.text(secret: secret, region: regions[0]),
            region: regions[0])
    }

    /// Says whether it was there. A session that has authenticated submits nothing more.
    package func setState(
        _ state: AccessKeyRecord.State, of id: String
    ) async throws(StorageFailure) -> Bool {
        let wasThere = try await store.setState(state, ofAccessKey: id)
        try await reload()
        return wasThere
    }

    /// Says whether it was there.
    package func delete(_ id: String) async throws(StorageFailure) -> Bool {
        let wasThere = try await store.removeAccessKey(id)
        try await reload()
        forgetUse(of: id)
        return wasThere
    }

    private func forgetUse(of id: String) {
        snapshot.withLock { current in
            if current.keys[id] == nil { current.uses[id] = nil }
        }
    }
}
