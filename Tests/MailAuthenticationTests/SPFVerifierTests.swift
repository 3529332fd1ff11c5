import DNS
import MailAuthentication
import MailModel
import TestSupport
import Testing

/// What SPF says of a client, and why; the whole of it is the suite `spf-openspf`.
@Suite struct SPFVerifierTests {
    private let zone = ZoneResolver()

    private func text(_ name: String, _ records: String...) {
        zone.put(name, .txt, records.map { .text([Array($0.utf8)]) })
    }

    private func check(
        _ address: String = "192.0.2.7", helo: String = "mail.sender.example",
        from: String = "ada@sender.example"
    ) async throws -> SPFOutcome {
        let address = try #require(IPAddress(address))
        return await SPFVerifier(
            resolver: zone, time: ManualTime(),
            receiver: Domain(validatedASCII: "mx.ours.example")
        ).check(SPFSender(address, helo: helo, mailFrom: from))
    }

    @Test(arguments: [
        ("v=spf1 ip4:192.0.2.0/24 -all", SPFResult.pass), ("v=spf1 -all", .fail),
        ("v=spf1 ~all", .softfail), ("v=spf1 ?all", .neutral), ("v=spf1", .neutral),
        ("v=spf1 ip4:192.0.2.0/33 -all", .permerror), ("v=spf1 nonsense -all", .permerror),
        ("v=spf10 -all", .none), ("another text", .none),
        ("v=spf1 ip6:2001:db8::/32 -all", .fail), ("V=SPF1 IP4:192.0.2.7 -ALL", .pass),
    ])
    func goesByTheRecord(_ record: String, _ result: SPFResult) async throws {
        text("sender.example", record)
        let outcome = try await check()
        #expect(outcome.result == result)
        #expect(!outcome.reason.description.isEmpty)
        #expect(!outcome.steps.isEmpty)
    }

    @Test func aNullPathIsTheHeloName() async throws {
        text("mail.sender.example", "v=spf1 ip4:192.0.2.7 -all")
        #expect(try await check(from: "").result == .pass)
        #expect(zone.asked == ["txt mail.sender.example"])
    }

    @Test func twoRecordsAreNone() async throws {
        text("sender.example", "v=spf1 +all", "v=spf1 -all")
        #expect(try await check().result == .permerror)
    }

    @Test func aDNSThatFailsSaysNothing() async throws {
        zone.put("sender.example", .txt, .failure(.timedOut))
        #expect(try await check().result == .temperror)
    }

    // MARK: P4

    @Test("P4: more than ten lookups", arguments: [(10, SPFResult.fail), (11, .permerror)])
    func lookupsAreBounded(_ count: Int, _ result: SPFResult) async throws {
        let includes = (0..<count).map { "include:i\($0).example" }.joined(separator: " ")
        text("sender.example", "v=spf1 \(includes) -all")
        for index in 0..<count { text("i\(index).example", "v=spf1 ?ip4:198.51.100.1") }
        let outcome = try await check()
        #expect(outcome.result == result)
        #expect(zone.asked.count <= 11)
    }

    @Test(
        "P4: more than two lookups that find nothing",
        arguments: [(2, SPFResult.fail), (3, .permerror)])
    func voidLookupsAreBounded(_ count: Int, _ result: SPFResult) async throws {
        let names = (0..<count).map { "a:none\($0).example" }.joined(separator: " ")
        text("sender.example", "v=spf1 \(names) -all")
        #expect(try await check().result == result)
    }

    @Test("P4: records that include each other")
    func loopsEnd() async throws {
        text("sender.example", "v=spf1 include:other.example -all")
        text("other.example", "v=spf1 include:sender.example -all")
        #expect(try await check().result == .permerror)
        #expect(zone.asked.count <= 12)
    }

    @Test("P4: macros that grow")
    func macrosAreBounded() async throws {
        let macros = String(repeating: "%{s}%{d}%{h}", count: 200)
        text("sender.example", "v=spf1 exists:\(macros).example -all")
        let outcome = try await check()
        #expect([.fail, .permerror].contains(outcome.result))
        #expect(zone.asked.allSatisfy { $0.utf8.count < 300 })
    }

    @Test("P8: bytes that are no text, and many strings")
    func hostileAnswers() async throws {
        zone.put("sender.example", .txt, [.text([[0xFF, 0xFE, 0x00]]), .text([])])
        #expect(try await check().result == .none)
        let pieces = "v=spf1 ip4:192.0.2.7 -all".utf8.map { [$0] }
        zone.put("sender.example", .txt, [.text(pieces)])
        #expect(try await check().result == .pass)
    }
}
