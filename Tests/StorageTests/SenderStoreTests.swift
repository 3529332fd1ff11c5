import MailModel
import SQLStorage
import Storage
import TestSupport
import Testing

/// Access keys, and what identities send with, on every engine.
@Suite struct SenderStoreTests {
    @Test(arguments: Engine.allCases)
    func keepsAccessKeys(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let (store, now) = (spool.store, spool.time.now())
        var key = AccessKeyRecord(
            id: "AKIAIOSFODNN7EXAMPLE", account: .main, name: "shop", sealedSecret: [1, 0, 255],
            createdAt: now)
        #expect(try await store.insert(key))
        #expect(try await store.insert(key) == false)
        #expect(try await store.accessKeys() == [key])
        #expect(try await store.setState(.inactive, ofAccessKey: key.id))
        let used = now.advanced(bySeconds: 9)
        try await store.recordUses([key.id: used, "AKIANOBODY": used])
        key.state = .inactive
        key.usedAt = used
        #expect(try await store.accessKeys() == [key])
        #expect(try await store.removeAccessKey(key.id))
        #expect(try await store.removeAccessKey(key.id) == false)
        #expect(try await store.setState(.active, ofAccessKey: key.id) == false)
    }

    @Test(arguments: Engine.allCases)
    func knowsWhatWasPublished(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let store = spool.store
        let one = PublishedRecord(name: "a.example", type: 16, data: [1, 0x61])
        let two = PublishedRecord(name: "a.example", type: 16, data: [1, 0])
        try await store.insert(published: [one, two])
        try await store.insert(published: [one])
        try await store.insert(published: [])
        #expect(try await store.publishedRecords() == [one, two])
        try await store.remove(published: [one])
        #expect(try await store.publishedRecords() == [two])
    }

    private func identity(_ spool: Spool) async throws -> SendingIdentity {
        let now = spool.time.now()
        try await spool.store.put(
            IdentityRecord(
                account: .main, name: "ours.example", kind: .domain, status: .success,
                isTrusted: true, createdAt: now))
        var identity = SendingIdentity(account: .main, name: "ours.example")
        identity.dkim = DKIMSettings(
            origin: .easy, isEnabled: true,
            watch: RecordWatch(
                status: .temporaryFailure, since: now,
                lastCheck: IdentityCheck(
                    at: now, error: .typeNotFound, detail: "none", found: ["\"a\"", "\"b\""]),
                lastSuccessAt: now, nextCheckAt: now))
        identity.configurationSet = "news"
        identity.mailFrom = MailFromSettings(
            domain: "bounce.ours.example", behavior: .rejectMessage, watch: .pending(from: now))
        var facts = DKIMKeyRecord.Facts(
            algorithm: .rsa, origin: .easy, bits: 2_048, publicKey: "MIIB", state: .active,
            createdAt: now)
        facts.foundAt = now
        identity.keys = [
            DKIMKeyRecord(selector: "one", facts: facts, sealedPrivateKey: [0, 1, 255]),
            DKIMKeyRecord(selector: "two", facts: facts, sealedPrivateKey: []),
        ]
        return identity
    }

    @Test(arguments: Engine.allCases)
    func keepsWhatIdentitiesSendWith(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let first = try await identity(spool)
        #expect(try await spool.store.replace(nil, with: first))
        #expect(try await spool.store.sendingIdentities(of: .main) == [first])
        #expect(try await spool.store.replace(nil, with: first) == false)
        var next = first
        next.keys.removeLast()
        next.keys[0].facts.state = .retiring
        next.mailFrom = nil
        #expect(try await spool.store.replace(first, with: next))
        #expect(try await spool.store.replace(first, with: next) == false)
        #expect(try await spool.store.sendingIdentities(of: .main) == [next])
    }

    @Test(arguments: Engine.allCases)
    func itGoesWithItsIdentity(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let first = try await identity(spool)
        #expect(try await spool.store.replace(nil, with: first))
        #expect(try await spool.store.removeIdentity("ours.example", of: .main))
        #expect(try await spool.store.sendingIdentities(of: .main) == [])
        #expect(try await spool.store.replace(nil, with: first) == false)
    }
}
