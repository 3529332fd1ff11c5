import Accounts
import DNS
import MailModel
import Storage
import TestSupport
import Testing

@Suite struct DomainVerifierTests {
    private let domains = Domains()
    private let name = "_amazonses.ours.example"

    @Test func looksForThoseThatAreDue() async throws {
        let first = try await domains.add("ours.example")
        _ = try await domains.add("theirs.example")
        _ = try await domains.directory.addTrusted(
            IdentityName(parsing: "trusted.example"), at: domains.time.now())
        domains.zone.put(name, .txt, [.txt(try #require(first.token))])

        let changed = try await domains.verifier.checkDue()
        #expect(changed.map(\.1.name) == ["ours.example"])
        #expect(changed.map(\.1.status) == [.success])
        #expect(domains.zone.asked.count == 2)
        #expect(try await domains.verifier.checkDue().isEmpty)
        #expect(domains.zone.asked.count == 2)
        domains.time.advance(seconds: 60)
        _ = try await domains.verifier.checkDue()
        #expect(domains.zone.asked.count == 3)
        #expect(domains.zone.asked.last == "txt _amazonses.theirs.example")
    }

    /// A look that was planned by a clock that was ahead does not wait for that time (D5).
    @Test func aLookBeyondADayIsDue() async throws {
        var record = try await domains.add("ours.example")
        let now = domains.time.now()
        record.nextCheckAt = now.advanced(bySeconds: DomainVerification.secondsAheadMax)
        try await domains.write(record)
        _ = try await domains.verifier.checkDue()
        #expect(domains.zone.asked.isEmpty)
        record.nextCheckAt = now.advanced(bySeconds: DomainVerification.secondsAheadMax + 1)
        try await domains.write(record)
        _ = try await domains.verifier.checkDue()
        #expect(domains.zone.asked.count == 1)
    }

    /// The word of an operator stands, whatever a look finds.
    @Test func changesNothingOfATrustedOne() async throws {
        _ = try await domains.directory.addTrusted(
            IdentityName(parsing: "ours.example"), at: domains.time.now())
        let record = try await domains.add("ours.example")
        #expect(record.status == .success && record.isTrusted)
        let next = try #require(try await domains.verifier.check(record))
        #expect(next.lastCheck?.error == .hostNotFound)
        #expect(next.status == .success)
        #expect(next.nextCheckAt == nil)
    }

    @Test func anAddressHasNoRecord() async throws {
        let record = try await domains.directory.addTrusted(
            IdentityName(parsing: "ada@ours.example"), at: domains.time.now())
        #expect(try await domains.verifier.check(record) == nil)
        #expect(domains.zone.asked.isEmpty)
    }

    @Test func aLookThatWasBrokenOffChangesNothing() async throws {
        let record = try await domains.add("ours.example")
        domains.zone.put(name, .txt, .failure(.cancelled))
        #expect(try await domains.verifier.check(record) == record)
        #expect(domains.directory.records == [record])
    }

    enum Change: CaseIterable { case removed, trusted, checked }

    /// While the DNS was asked, somebody else was quicker: what they did stands.
    @Test(arguments: Change.allCases)
    func aSlowLookUndoesNothing(_ change: Change) async throws {
        let record = try await domains.add("ours.example")
        let token = try #require(record.token)
        domains.zone.put(name, .txt, [.txt(token)])
        let found = try #require(try await domains.verifier.check(record))
        domains.time.advance(seconds: 1)

        domains.zone.put(name, .txt, .success(DNSAnswer(.noSuchName)))
        domains.zone.hold()
        let verifier = domains.verifier
        let slow = Task { try await verifier.check(found) }
        while domains.zone.asked.count < 2 { await Task.yield() }
        let identity = try IdentityName(parsing: "ours.example")
        switch change {
        case .removed: _ = try await domains.directory.remove(identity)
        case .trusted:
            _ = try await domains.directory.addTrusted(identity, at: domains.time.now())
        case .checked:
            var other = found
            other.lastCheck?.at = domains.time.now()
            try await domains.write(other)
        }
        let before = domains.directory.records
        domains.zone.letGo()
        #expect(try await slow.value == before.first)
        #expect(domains.directory.records == before)
    }
}
