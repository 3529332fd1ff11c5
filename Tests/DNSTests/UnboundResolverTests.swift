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

    /// Asks, and answers why there was no answer.
    private func fails(_ resolver: UnboundResolver) -> Task<DNSFailure?, Never> {
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

    /// A zone from a file, with what master files may have (RFC 1035 §5), beside a server that says
    /// nothing.
    @Test func answersFromAZonesFile() async throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let text = """
            $TTL 60
            @       IN SOA ns hostmaster ( 1 3600 ; refresh
                        600 86400 60 )
                    IN NS ns
            ns      A  192.0.2.1
            @       TXT "v=spf1 ip4:192.0.2.0/24 " "-all"
            *.wild  MX 10 mail
            alias   CNAME ns
            lost    CNAME alias
            gone    CNAME nowhere
            """
        try text.write(toFile: "\(folder)/zone", atomically: true, encoding: .utf8)
        let resolver = try resolver {
            $0.timeoutMilliseconds = 5_000
            $0.zones = [
                UnboundSettings.Zone(
                    name: Domain(validatedASCII: "sender.example"), file: "\(folder)/zone")
            ]
        }
        for (name, type, expected) in [
            ("sender.example", DNSRecordType.txt, ["\"v=spf1 ip4:192.0.2.0/24 \" \"-all\""]),
            ("a.wild.sender.example", .mx, ["10 mail.sender.example."]),
            ("alias.sender.example", .a, ["192.0.2.1"]), ("none.sender.example", .a, []),
        ] {
            let answer = try await resolver.ask(Domain(validatedASCII: name), type)
            #expect(answer.records.map(\.zoneFileText) == expected)
        }
        // Where aliases lead is told whether or not anything is there.
        for (name, content, target) in [
            ("ns", DNSAnswer.Content.noRecord, nil), ("alias", .noRecord, "ns"),
            ("lost", .noRecord, "ns"), ("gone", .noSuchName, "nowhere"), ("none", .noSuchName, nil),
        ] as [(String, DNSAnswer.Content, String?)] {
            let answer = try await resolver.ask(
                Domain(validatedASCII: "\(name).sender.example"), .txt)
            #expect(answer.content == content)
            #expect(answer.target?.ascii == target.map { "\($0).sender.example" })
        }
        await #expect(throws: DNSFailure.timedOut) { try await resolver.ask(name, .txt) }
        await resolver.close()
    }

    @Test func givesUpAtItsDeadline() async throws {
        let resolver = try resolver { $0.timeoutMilliseconds = 1 }
        await #expect(throws: DNSFailure.timedOut) { try await resolver.ask(name, .txt) }
        await resolver.close()
    }

    /// What the library still has counts, though its asker has given up; who never got a place is
    /// told so at the deadline.
    @Test func takesSoManyQuestionsAtOnce() async throws {
        let resolver = try resolver {
            $0.timeoutMilliseconds = 1
            $0.queriesMax = 2
        }
        let askers = (0..<20).map { _ in fails(resolver) }
        var failures: [DNSFailure?] = []
        for asker in askers { failures.append(await asker.value) }
        // More than two where the machine is so slow that the library has given up some.
        #expect(failures.count { $0 == .timedOut } >= 2)
        #expect(failures.contains(.tooManyQueries))
        #expect(failures.allSatisfy { $0 == .timedOut || $0 == .tooManyQueries })
        await resolver.close()
    }

    @Test func aFullResolverMakesWait() async throws {
        let resolver = try resolver { $0.queriesMax = 1 }
        let localhost = Domain(validatedASCII: "localhost")
        let askers = (0..<50).map { _ in
            Task { try await resolver.ask(localhost, .a).records.map(\.zoneFileText) }
        }
        for asker in askers { #expect(try await asker.value == ["127.0.0.1"]) }
        await resolver.close()
    }

    /// One has the only place, so many wait for it, and the next are refused at once; those that
    /// are given up leave room.
    @Test func soManyWaitForAPlace() async throws {
        let resolver = try resolver {
            $0.queriesMax = 1
            // None comes to its deadline, however slow the machine is.
            $0.timeoutMilliseconds = 600_000
        }
        let askersMax = 1 + UnboundResolver.waitingMax + 5
        let failures = await withTaskGroup(of: DNSFailure?.self) { group in
            for _ in 0..<askersMax { group.addTask { await fails(resolver).value } }
            var failures: [DNSFailure?] = []
            while let failure = await group.next() {
                failures.append(failure)
                if failures.count == 5 { await resolver.close() }
            }
            return failures
        }
        // The library gives a question up by itself where the machine is so slow; then others take
        // the place, and fewer are refused or cancelled.
        let lateCount = failures.count { if case .serverFailed = $0 { true } else { false } }
        let refusedCount = failures.count { $0 == .tooManyQueries }
        let cancelledCount = failures.count { $0 == .cancelled }
        #expect(refusedCount + cancelledCount + lateCount == askersMax)
        if lateCount == 0 { #expect(refusedCount == 5) }
        #expect(failures.contains(.tooManyQueries))
    }

    /// RFC 1035 §2.3.4: a question that cannot be asked is no failure of the DNS.
    @Test(arguments: [254, 255])
    func namesThatAreTooLongDoNotExist(_ bytes: Int) async throws {
        let resolver = try resolver()
        let label = String(repeating: "l", count: 63) + "."
        let name = String(repeating: label, count: 3)
        let last = String(repeating: "l", count: bytes - name.utf8.count)
        let long = Domain(validatedASCII: name + last)
        #expect(try await resolver.ask(long, .txt).content == .noSuchName)
        await resolver.close()
    }

    @Test func endsWithTheTaskThatAsks() async throws {
        let resolver = try resolver()
        let asker = fails(resolver)
        asker.cancel()
        #expect(await asker.value == .cancelled)
        await resolver.close()
    }

    @Test func closingEndsWhatWaitsAndWhatComesLater() async throws {
        let resolver = try resolver()
        let askers = (0..<10).map { _ in fails(resolver) }
        await resolver.close()
        for asker in askers { #expect(await asker.value == .cancelled) }
        await #expect(throws: DNSFailure.cancelled) { try await resolver.ask(name, .a) }
        await resolver.close()
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
