import Accounts
import MailModel
import Storage
import Synchronization
import TestSupport
import Testing

@Suite struct IdentityDirectoryTests {
    private let domains = Domains()

    private func name(_ text: String) throws -> IdentityName { try IdentityName(parsing: text) }

    /// A reading that began earlier and ends later brings nothing back.
    @Test func aSlowReadingOverwritesNoNewerOne() async throws {
        let directory = domains.directory
        let time = domains.time.now()
        _ = try await directory.addTrusted(name("ours.example"), at: time)
        let other = try name("ours.example")
        domains.store.afterReading.withLock { action in
            action = { _ = try? await directory.remove(other) }
        }
        try await directory.reload()
        #expect(directory.records == [])
        #expect(!directory.covers(Domain(validatedASCII: "ours.example")))
    }

    @Test func addingAgainKeepsTheToken() async throws {
        let first = try await domains.add("ours.example")
        domains.time.advance(seconds: 60)
        #expect(try await domains.add("ours.example") == first)
    }

    /// SES: a domain that failed begins again when it is verified anew.
    @Test func addingAFailedOneBeginsAgain() async throws {
        let first = try await domains.add("ours.example")
        var failed = first
        failed.status = .failed
        failed.nextCheckAt = nil
        try await domains.write(failed)
        domains.time.advance(seconds: 60)
        let again = try await domains.add("ours.example")
        #expect(again.status == .pending)
        #expect(again.token == first.token)
        #expect(again.statusSince == domains.time.now())
        #expect(again.nextCheckAt == domains.time.now())
    }

    @Test func tokensDiffer() async throws {
        let tokens = [
            try await domains.add("a.example").token, try await domains.add("b.example").token,
        ]
        #expect(Set(tokens).count == 2)
    }
}
