import DNS
import MailModel
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Accounts

@Suite struct ServiceZoneKeeperTests {
    private let senders = Senders()
    private let server = ZoneInMemory()
    private let store = PublishedList()

    /// As after a start.
    private func keeper() -> ServiceZoneKeeper {
        ServiceZoneKeeper(
            records: senders.records, identities: senders.identities, store: store,
            updater: server, time: senders.time)
    }

    /// What the zone is to hold.
    private var wanted: Set<String> {
        Set(
            senders.records.zoneRecords(of: senders.identities.records).map(\.zoneFileLine))
    }

    @Test func theZoneFollowsTheKeys() async throws {
        let keeper = keeper()
        #expect(try await keeper.turn() == .pushed(added: 2, removed: 0))
        #expect(server.lines == wanted)
        #expect(try await keeper.turn() == nil)
        let begun = try await senders.setup.startEasyDKIM(Senders.domain)
        #expect(try await keeper.turn() == .pushed(added: 3, removed: 0))
        #expect(server.lines == wanted && server.lines.count == 5)
        senders.publish()
        try await senders.pass(days: 1)
        try await senders.pass(days: 90)
        // One key follows another, whose record stays for the overlap.
        #expect(senders.states.contains(.retiring))
        _ = try await keeper.turn()
        let old = try #require(
            begun.keys.first { key in
                senders.identities.record(of: Senders.domain.ascii)?.keys.contains {
                    $0.selector == key.selector && $0.facts.state == .retiring
                } ?? false
            })
        #expect(server.lines.contains { $0.contains(old.facts.publicKey.suffix(40)) })
        try await senders.pass(days: 24)
        #expect(try await keeper.turn() == .pushed(added: 1, removed: 1))
        #expect(server.lines == wanted && server.lines.count == 5)
        #expect(!server.lines.contains { $0.contains(old.facts.publicKey.suffix(40)) })
    }

    @Test func afterAStartAllIsPushedAndWhatNobodyWantsGoes() async throws {
        _ = try await senders.setup.startEasyDKIM(Senders.domain)
        _ = try await keeper().turn()
        server.clear()
        #expect(try await keeper().turn() == .pushed(added: 5, removed: 0))
        #expect(server.lines == wanted)
        let old = PublishedRecord(name: "gone.dkim.mail.example", type: 16, data: [1, 0x61])
        try await store.insert(published: [old])
        #expect(try await keeper().turn() == .pushed(added: 5, removed: 1))
        #expect(
            server.log.last?.contains(
                .removeAll(Domain(validatedASCII: "gone.dkim.mail.example"), .txt)) == true)
        #expect(try await store.publishedRecords().count == 5)
    }

    @Test func failuresAreTriedAgainLaterAndLater() async throws {
        let keeper = keeper()
        server.fail(.timedOut)
        var delays: [Int64] = []
        for round in 0..<9 {
            let now = senders.time.now()
            guard case .failed(.timedOut, let isNew, let next) = try await keeper.turn() else {
                Issue.record("it did not fail")
                return
            }
            #expect(isNew == (round == 0))
            #expect(try await keeper.turn() == nil)
            delays.append((next.milliseconds - now.milliseconds) / 1_000)
            senders.time.advance(seconds: delays[round])
        }
        #expect(delays == [10, 20, 40, 80, 160, 320, 640, 900, 900])
        #expect(keeper.status.failure == "\(ZoneUpdateFailure.timedOut)")
        server.fail(.refused(code: 5))
        guard case .failed(.refused, true, _) = try await keeper.turn() else {
            Issue.record("another reason is told")
            return
        }
        server.fail(nil)
        senders.time.advance(seconds: 900)
        #expect(try await keeper.turn() == .pushed(added: 2, removed: 0))
        #expect(keeper.status.failure == nil && keeper.status.pushedAt == senders.time.now())
    }

    @Test func manyIdentitiesAreManyMessages() async throws {
        for number in 0..<30 {
            var identity = SendingIdentity(account: .main, name: "d\(number).example")
            identity.keys = (0..<3).map { key in
                DKIMKeyRecord(
                    selector: "s\(number)x\(key)",
                    facts: DKIMKeyRecord.Facts(
                        algorithm: .rsa, origin: .easy, bits: 2_048,
                        publicKey: String(repeating: "A", count: 392), state: .pending,
                        createdAt: senders.time.now()), sealedPrivateKey: [])
            }
            _ = try await senders.store.replace(nil, with: identity)
        }
        try await senders.identities.reload()
        _ = try await keeper().turn()
        #expect(server.lines == wanted && server.lines.count == 92)
        #expect(server.log.allSatisfy { $0.count <= UpdateMessage.changesMax })
        #expect(server.log.count == 3)
    }
}

/// A zone that does what it is asked, as RFC 2136 §3.4 says.
private final class ZoneInMemory: ZoneUpdater {
    private struct State {
        var records: Set<ZoneRecord> = []
        var log: [[ZoneChange]] = []
        var failure: ZoneUpdateFailure?
    }

    private let state = Mutex(State())

    var lines: Set<String> { state.withLock { Set($0.records.map(\.zoneFileLine)) } }
    var log: [[ZoneChange]] { state.withLock(\.log) }

    func clear() { state.withLock { $0.records = [] } }
    func fail(_ failure: ZoneUpdateFailure?) { state.withLock { $0.failure = failure } }

    func apply(_ changes: [ZoneChange]) async throws(ZoneUpdateFailure) {
        let failure = state.withLock { state -> ZoneUpdateFailure? in
            if let failure = state.failure { return failure }
            state.log.append(changes)
            for change in changes {
                switch change {
                case .add(let record): state.records.insert(record)
                case .remove(let name, let record):
                    state.records = state.records.filter {
                        $0.name != name || $0.record != record
                    }
                case .removeAll(let name, let type):
                    state.records = state.records.filter {
                        $0.name != name || $0.record.type != type
                    }
                }
            }
            return nil
        }
        if let failure { throw failure }
    }
}

/// A `PublishedRecordStore` that forgets.
private final class PublishedList: PublishedRecordStore {
    private let records = Mutex<Set<PublishedRecord>>([])

    func publishedRecords() async throws(StorageFailure) -> Set<PublishedRecord> {
        records.withLock { $0 }
    }

    func insert(published new: Set<PublishedRecord>) async throws(StorageFailure) {
        records.withLock { $0.formUnion(new) }
    }

    func remove(published old: Set<PublishedRecord>) async throws(StorageFailure) {
        records.withLock { $0.subtract(old) }
    }
}
