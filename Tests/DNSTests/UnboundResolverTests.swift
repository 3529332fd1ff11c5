import DNS
import DNSClient
import Foundation
import MailModel
import TestSupport
import Testing

/// The edge where nobody answers; with a server that does, it is `Tests/BlackBox/test_dns.py`.
@Suite struct UnboundResolverTests {
    private let silent: SilentServer

    init() throws {
        silent = try SilentServer()
    }

    private func resolver(
        change: (inout UnboundSettings) -> Void = { _ in }
    ) throws -> UnboundResolver {
        var settings = UnboundSettings()
        let address = try #require(IPAddress("127.0.0.1"))
        settings.servers = [UnboundSettings.Server(address: address, port: silent.port)]
        change(&settings)
        return try UnboundResolver(settings)
    }

    private let name = Domain(validatedASCII: "example.test")

    /// Asks until the resolver has the question: it asks again where none was left for it.
    private func fill(_ resolver: UnboundResolver) -> Task<DNSFailure?, Never> {
        Task {
            do throws(DNSFailure) {
                _ = try await resolver.ask(name, .txt)
                return nil
            } catch {
                return error
            }
        }
    }

    @Test func knowsLocalhostByItself() async throws {
        let resolver = try resolver()
        let answer = try await resolver.ask(Domain(validatedASCII: "localhost"), .a)
        #expect(answer.records.map(\.zoneFileText) == ["127.0.0.1"])
        await resolver.close()
    }

    @Test func givesUpAtItsDeadline() async throws {
        let resolver = try resolver { $0.timeoutMilliseconds = 1 }
        await #expect(throws: DNSFailure.timedOut) { try await resolver.ask(name, .txt) }
        await resolver.close()
    }

    /// What the library still has counts, though its asker has given up.
    @Test func takesSoManyQuestionsAtOnce() async throws {
        let resolver = try resolver {
            $0.timeoutMilliseconds = 1
            $0.queriesMax = 2
        }
        for type in [DNSRecordType.a, .txt] {
            await #expect(throws: DNSFailure.timedOut) { try await resolver.ask(name, type) }
        }
        await #expect(throws: DNSFailure.tooManyQueries) { try await resolver.ask(name, .mx) }
        await resolver.close()
    }

    @Test func endsWithTheTaskThatAsks() async throws {
        let resolver = try resolver()
        let asker = fill(resolver)
        asker.cancel()
        #expect(await asker.value == .cancelled)
        await resolver.close()
    }

    @Test func closingEndsWhatWaitsAndWhatComesLater() async throws {
        let resolver = try resolver()
        let askers = (0..<10).map { _ in fill(resolver) }
        await resolver.close()
        for asker in askers { #expect(await asker.value == .cancelled) }
        await #expect(throws: DNSFailure.cancelled) { try await resolver.ask(name, .a) }
    }

    @Test func saysWhatItsTrustAnchorLacks() throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try "this is no record\n".write(
            toFile: "\(folder)/anchor", atomically: true, encoding: .utf8)
        #expect(throws: UnboundResolver.SetUpFailure.self) {
            try resolver { $0.trustAnchor = "\(folder)/anchor" }
        }
        #expect(throws: UnboundResolver.SetUpFailure.self) {
            try resolver { $0.trustAnchor = "\(folder)/missing" }
        }
    }
}
