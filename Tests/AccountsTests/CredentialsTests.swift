import Accounts
import MailModel
import Storage
import Synchronization
import TestSupport
import Testing

@Suite struct CredentialsTests {
    private let store = KeyList()
    private let time = ManualTime()
    private let credentials: Credentials
    private let box: SecretBox

    init() throws {
        box = SecretBox(try #require(RootKey(Array(repeating: 7, count: 32))))
        credentials = Credentials(
            store: store, box: box, regions: ["eu-west-1", "us-east-1"], time: time,
            random: CountingRandom())
    }

    @Test func aKeyLooksAsAWSs() async throws {
        let made = try await credentials.create(name: "shop")
        #expect(AccessKeyRecord.isID(made.key.id))
        #expect(made.key.id.allSatisfy { $0.isUppercase || "234567".contains($0) })
        #expect(made.secret.count == 40)
        #expect(made.region == "eu-west-1")
        #expect(made.smtpPassword == SMTPPassword.text(secret: made.secret, region: "eu-west-1"))
        let kept = try #require(store.keys.withLock { $0[made.key.id] })
        #expect(kept.sealedSecret.count == 40 + SecretBox.overheadBytes)
        #expect(try box.open(kept.sealedSecret, from: kept.place) == Array(made.secret.utf8))
    }

    @Test func aWordMeansAnIDOrAName() async throws {
        let (first, shop) = (
            try await credentials.create(name: "app").key,
            try await credentials.create(name: "shop").key
        )
        let second = try await credentials.create(name: "app").key
        // Called as another one's id: it is not that one.
        _ = try await credentials.create(name: shop.id)
        #expect(Set(credentials.keys(meant: "app").map(\.id)) == [first.id, second.id])
        #expect(credentials.keys(meant: shop.id).map(\.id) == [shop.id])
        #expect(credentials.keys(meant: "App").isEmpty)
        #expect(credentials.keys(meant: "AKIAAAAAAAAAAAAAAAAA").isEmpty)
        #expect(credentials.name(of: second.id) == "app")
        #expect(credentials.name(of: "app") == nil)
    }

    @Test func takesThePasswordOfEachRegionAndNoOther() async throws {
        let made = try await credentials.create(name: "shop")
        let id = made.key.id
        func takes(_ password: String, of id: String) -> Bool {
            credentials.authenticate(id: id, smtpPassword: password) != nil
        }
        for region in ["eu-west-1", "us-east-1"] {
            #expect(takes(SMTPPassword.text(secret: made.secret, region: region), of: id))
        }
        #expect(!takes(SMTPPassword.text(secret: made.secret, region: "us-west-2"), of: id))
        #expect(!takes(made.secret, of: id))
        #expect(!takes("", of: id))
        #expect(!takes(made.smtpPassword, of: "AKIAAAAAAAAAAAAAAAAA"))
        // Who has no key has the password of nobody's secret, and that is none.
        let nobodys = SMTPPassword.text(
            secret: String(repeating: "0", count: 40), region: "us-east-1")
        #expect(!takes(nobodys, of: "AKIAAAAAAAAAAAAAAAAA"))
    }

    /// What stands in for its secret while times are made equal is known to everybody.
    @Test func aKeyWhoseSecretDoesNotOpenHasNoPassword() async throws {
        let made = try await credentials.create(name: "shop")
        store.keys.withLock { $0[made.key.id]?.sealedSecret[20] ^= 0xFF }
        try await credentials.reload()
        let standIn = SMTPPassword.text(
            secret: String(repeating: "0", count: 40), region: "us-east-1")
        for password in [standIn, made.smtpPassword] {
            #expect(credentials.authenticate(id: made.key.id, smtpPassword: password) == nil)
        }
    }

    @Test func aKeyThatIsDisabledOrDeletedIsNone() async throws {
        let made = try await credentials.create(name: "shop")
        let id = made.key.id
        #expect(try await credentials.setState(.inactive, of: id))
        #expect(credentials.authenticate(id: id, smtpPassword: made.smtpPassword) == nil)
        #expect(try await credentials.setState(.active, of: id))
        #expect(credentials.authenticate(id: id, smtpPassword: made.smtpPassword) != nil)
        #expect(try await credentials.delete(id))
        #expect(credentials.authenticate(id: id, smtpPassword: made.smtpPassword) == nil)
        #expect(try await credentials.delete(id) == false)
        #expect(try await credentials.setState(.active, of: id) == false)
    }

    @Test func usesAreWrittenNowAndThen() async throws {
        let made = try await credentials.create(name: "shop")
        time.advance(seconds: 60)
        _ = credentials.authenticate(id: made.key.id, smtpPassword: made.smtpPassword)
        #expect(credentials.records.first?.usedAt == time.now())
        #expect(store.keys.withLock { $0[made.key.id]?.usedAt } == nil)
        try await credentials.writeUses()
        #expect(store.keys.withLock { $0[made.key.id]?.usedAt } == time.now())
        #expect(credentials.records.first?.usedAt == time.now())
    }

    @Test func aWrongPasswordIsNoUse() async throws {
        let made = try await credentials.create(name: "shop")
        _ = credentials.authenticate(id: made.key.id, smtpPassword: "x")
        #expect(credentials.records.first?.usedAt == nil)
    }

    @Test(arguments: ["", String(repeating: "x", count: 65), "a\nb", "a\u{7F}"])
    func namesAreLinesOfText(_ name: String) async {
        await #expect(throws: Credentials.Problem.self) {
            try await credentials.create(name: name)
        }
    }

    @Test func anotherRootKeyIsSeenAtOnce() async throws {
        _ = try await credentials.create(name: "shop")
        #expect(credentials.checkSecrets().finding == .allOpen)
        let root = try #require(RootKey(Array(repeating: 8, count: 32)))
        let others = Credentials(
            store: store, box: SecretBox(root), regions: ["us-east-1"], time: time,
            random: CountingRandom())
        try await others.reload()
        guard case .otherKey = others.checkSecrets().finding else {
            Issue.record("nothing opens under it")
            return
        }
    }

    /// Also where the damage has hit the fingerprint, or the version before it.
    @Test(arguments: [0, 1, 20, -1])
    func aDamagedSecretIsToldFromAnotherKey(_ place: Int) async throws {
        let kept = try await credentials.create(name: "shop").key
        let hit = try await credentials.create(name: "news").key
        store.keys.withLock { keys in
            var sealed = keys[hit.id]?.sealedSecret ?? []
            sealed[place < 0 ? sealed.count + place : place] ^= 0xFF
            keys[hit.id]?.sealedSecret = sealed
        }
        try await credentials.reload()
        guard case .damaged(let failures) = credentials.checkSecrets().finding else {
            Issue.record("one is damaged")
            return
        }
        #expect(failures.map(\.place) == [hit.place])
        try await credentials.removeClosedSecrets()
        #expect(credentials.records.map(\.id) == [kept.id])
        #expect(credentials.checkSecrets().finding == .allOpen)
    }

    @Test func whatAloneIsThereAndDamagedIsDamaged() async throws {
        let only = try await credentials.create(name: "shop").key
        store.keys.withLock { _ = $0[only.id]?.sealedSecret.removeLast() }
        try await credentials.reload()
        #expect(
            credentials.checkSecrets().finding == .damaged([.damaged(place: only.place)]))
    }
}

/// An `AccessKeyStore` that forgets; the suite of the real ones is `SenderStoreTests`.
private final class KeyList: AccessKeyStore {
    let keys = Mutex<[String: AccessKeyRecord]>([:])

    func accessKeys() async throws(StorageFailure) -> [AccessKeyRecord] {
        keys.withLock { Array($0.values) }
    }

    func insert(_ key: AccessKeyRecord) async throws(StorageFailure) -> Bool {
        keys.withLock { keys in
            guard keys[key.id] == nil else { return false }
            keys[key.id] = key
            return true
        }
    }

    func setState(
        _ state: AccessKeyRecord.State, ofAccessKey id: String
    ) async throws(StorageFailure) -> Bool {
        keys.withLock { keys in
            guard keys[id] != nil else { return false }
            keys[id]?.state = state
            return true
        }
    }

    func recordUses(_ uses: [String: Timestamp]) async throws(StorageFailure) {
        keys.withLock { keys in
            for (id, time) in uses { keys[id]?.usedAt = time }
        }
    }

    func removeAccessKey(_ id: String) async throws(StorageFailure) -> Bool {
        keys.withLock { $0.removeValue(forKey: id) != nil }
    }
}
