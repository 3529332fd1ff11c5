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

    @Test(arguments: Engine.allCases)
    func addsUpHowConnectionsWereSecured(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let store = spool.store
        func count(
            _ domain: String, failure: String = "", day: Int = 20_000, _ sessions: Int
        ) -> TLSResultCount {
            TLSResultCount(
                TLSResultCount.Key(
                    day: day, domain: domain, policy: .sts, host: "mx.\(domain)", failure: failure),
                sessions: sessions)
        }
        func others(_ sessions: Int) -> TLSResultCount {
            TLSResultCount(.others(on: 20_000), sessions: sessions)
        }
        let failed = count("a.example", failure: "certificate-expired", 1)
        try await store.add([count("a.example", 2), failed], rowsMax: 2)
        // A row that is there goes on; what is new finds no room, that of another day does.
        try await store.add(
            [count("b.example", 4), count("a.example", 3), others(1)], rowsMax: 2)
        try await store.add(
            [count("c.example", 1), count("c.example", day: 20_001, 7)], rowsMax: 2)
        try await store.add([], rowsMax: 2)
        #expect(
            try await store.tlsResults(of: 20_000) == [others(6), count("a.example", 5), failed])
        // The row for others has no room of its own to lose.
        try await store.add([count("b.example", 4)], rowsMax: 3)
        #expect(try await store.tlsResults(of: 20_000).count == 4)
        try await store.expireTLSResults(before: 20_001)
        #expect(try await store.tlsResults(of: 20_000) == [])
        #expect(
            try await store.tlsResults(of: 20_001) == [count("c.example", day: 20_001, 7)])
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

    /// What else identities send with stays.
    @Test(arguments: Engine.allCases, [true, false])
    func forgetsWhatIsSealed(_ engine: Engine, isAccessKey: Bool) async throws {
        let spool = try Spool(engine)
        #expect(try await spool.store.hasSecrets() == false)
        var identity = try await identity(spool)
        if isAccessKey {
            let key = AccessKeyRecord(
                id: "AKIAIOSFODNN7EXAMPLE", account: .main, name: "shop", sealedSecret: [1],
                createdAt: spool.time.now())
            #expect(try await spool.store.insert(key))
        } else {
            #expect(try await spool.store.replace(nil, with: identity))
        }
        #expect(try await spool.store.hasSecrets())
        try await spool.store.forgetSecrets()
        #expect(try await spool.store.hasSecrets() == false)
        #expect(try await spool.store.accessKeys() == [])
        (identity.dkim, identity.keys) = (nil, [])
        #expect(
            try await spool.store.sendingIdentities(of: .main) == (isAccessKey ? [] : [identity]))
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
