import MailModel
import OutboundSMTP
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Daemon

@Suite struct TLSResultRecordTests {
    private let time = ManualTime()
    private let store = Kept()
    private let record: TLSResultRecord

    init() {
        record = TLSResultRecord(
            metrics: ServerMetrics(), store: store, time: time, rowsMax: 2)
    }

    private final class Kept: TLSResultStore {
        let counts = Mutex<[TLSResultCount.Key: Int]>([:])
        let isAway = Mutex(false)

        func add(_ counts: [TLSResultCount], rowsMax: Int) async throws(StorageFailure) {
            if isAway.withLock({ $0 }) { throw .refused("away") }
            self.counts.withLock { kept in
                for count in counts { kept[count.key, default: 0] += count.sessions }
            }
        }

        func tlsResults(of day: Int) async throws(StorageFailure) -> [TLSResultCount] { [] }
        func expireTLSResults(before day: Int) async throws(StorageFailure) {}
    }

    private func note(_ domain: String, _ failure: TLSFailure? = nil) {
        record.note(
            TLSResult(
                domain: Domain(validatedASCII: domain), policy: .sts([], hosts: []),
                host: Domain(validatedASCII: "mx.\(domain)"), failure: failure))
    }

    private func key(_ domain: String, _ failure: String = "", day: Int? = nil)
        -> TLSResultCount.Key
    {
        TLSResultCount.Key(
            day: day ?? TLSResultCount.day(of: time.now()), domain: domain, policy: .sts,
            host: "mx.\(domain)", failure: failure)
    }

    @Test func countsByDayAndKind() async throws {
        let today = TLSResultCount.day(of: time.now())
        note("a.example")
        note("a.example")
        note("a.example", TLSFailure(.certificateExpired, "last week"))
        try await record.write()
        time.advance(seconds: 86_400)
        note("a.example")
        try await record.write()
        try await record.write()
        #expect(
            store.counts.withLock { $0 } == [
                key("a.example", day: today): 2,
                key("a.example", "certificate-expired", day: today): 1,
                key("a.example"): 1,
            ])
    }

    @Test func holdsNoMoreThanItsRows() async throws {
        for domain in ["a.example", "b.example", "c.example", "d.example", "a.example"] {
            note(domain)
        }
        try await record.write()
        #expect(
            store.counts.withLock { $0 } == [
                key("a.example"): 2, key("b.example"): 1,
                .others(on: TLSResultCount.day(of: time.now())): 2,
            ])
    }

    @Test func whatCannotBeWrittenWaits() async throws {
        note("a.example")
        store.isAway.withLock { $0 = true }
        await #expect(throws: StorageFailure.self) { try await record.write() }
        note("a.example")
        store.isAway.withLock { $0 = false }
        try await record.write()
        #expect(store.counts.withLock { $0 } == [key("a.example"): 2])
    }
}
