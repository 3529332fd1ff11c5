import DNS
import MailAuthentication
import MailModel
import TestSupport
import Testing

/// What one check may ask of the DNS, at its edges. RFC 7208 §4.6.4
@Suite struct SPFLimitsTests {
    private let zone = ZoneResolver()

    private func text(_ name: String, _ record: String) {
        zone.put(name, .txt, [.txt(record)])
    }

    private func address(_ name: String, _ text: String) {
        guard let address = IPAddress(text) else { return }
        zone.put(name, address.isIPv6 ? .aaaa : .a, [.address(address)])
    }

    private func names(ofClient names: [String]) {
        zone.put(
            "7.2.0.192.in-addr.arpa", .ptr, names.map { .pointer(Domain(validatedASCII: $0)) })
    }

    private func exchangers(_ name: String, _ hosts: [String]) {
        zone.put(
            name, .mx,
            hosts.map { .exchange(preference: 10, host: Domain(validatedASCII: $0)) })
    }

    private func check(_ record: String) async throws -> SPFOutcome {
        text("sender.example", record)
        let address = try #require(IPAddress("192.0.2.7"))
        return await SPFVerifier(
            resolver: zone, time: ManualTime(), receiver: Domain(validatedASCII: "mx.ours.example")
        ).check(SPFSender(address, helo: "mail.sender.example", mailFrom: "ada@sender.example"))
    }

    /// Terms that count, and find something that is not the client.
    private func fillers(_ count: Int) -> String {
        (0..<count).map { index in
            address("filler\(index).example", "198.51.100.1")
            return "a:filler\(index).example"
        }.joined(separator: " ")
    }

    /// Something that a record may hold, and how many lookups it is.
    struct Spending: CustomTestStringConvertible {
        var term: String
        var count = 1
        var isLast = false

        var testDescription: String { term }
    }

    static let spendings = [
        Spending(term: "a:other.example"), Spending(term: "a:other.example/24//64"),
        Spending(term: "mx:other.example"), Spending(term: "mx"),
        Spending(term: "exists:no.example"),
        Spending(term: "ptr"), Spending(term: "ptr:other.example"),
        Spending(term: "include:included.example"),
        Spending(term: "include:deep.example", count: 3),
        Spending(term: "exists:%{p}.no.example", count: 2),
        Spending(term: "exists:%{p1}.%{P}.no.example", count: 3),
        Spending(term: "include:%{p}.included.example", count: 2),
        Spending(term: "redirect=redirected.example", isLast: true),
        Spending(term: "redirect=%{p}.redirected.example", count: 2, isLast: true),
    ]

    @Test("the tenth lookup counts, the eleventh ends the check", arguments: spendings, [0, 1])
    func lookups(_ spending: Spending, _ beyond: Int) async throws {
        names(ofClient: ["client.example"])
        address("client.example", "192.0.2.7")
        address("other.example", "198.51.100.1")
        exchangers("other.example", ["other.example"])
        exchangers("sender.example", ["other.example"])
        for name in ["included.example", "client.example.included.example"] {
            text(name, "v=spf1 ip4:198.51.100.1")
        }
        text("deep.example", "v=spf1 include:included.example a:other.example")
        for name in ["redirected.example", "client.example.redirected.example"] {
            text(name, "v=spf1 -all")
        }
        let before = fillers(SPFVerifier.lookupsMax - spending.count + beyond)
        let outcome = try await check(
            "v=spf1 \(before) \(spending.term)\(spending.isLast ? "" : " -all")")
        #expect(outcome.result == (beyond == 0 ? .fail : .permerror))
        #expect(outcome.lookupsCount == SPFVerifier.lookupsMax)
        if beyond > 0 { #expect(outcome.reason == .tooManyLookups) }
    }

    @Test("what does not ask does not count")
    func free() async throws {
        let networks = (0..<40).map { "ip4:198.51.100.\($0) ip6:2001:db8::\($0)" }
        let outcome = try await check("v=spf1 \(networks.joined(separator: " ")) -all")
        #expect(outcome.result == .fail && outcome.lookupsCount == 0)
    }

    @Test("an explanation asks after the tenth lookup, and counts nothing")
    func explanations() async throws {
        names(ofClient: ["client.example"])
        address("client.example", "192.0.2.7")
        text("client.example.why.example", "%{p} is not ours")
        let outcome = try await check(
            "v=spf1 \(fillers(SPFVerifier.lookupsMax)) -all exp=%{p}.why.example")
        #expect(outcome.result == .fail)
        #expect(outcome.explanation == "client.example is not ours")
        #expect(outcome.lookupsCount == SPFVerifier.lookupsMax)
    }

    // MARK: Names

    @Test("ten mail exchangers are asked for, eleven are an error", arguments: [10, 11])
    func exchangersCount(_ count: Int) async throws {
        let hosts = (0..<count).map { "host\($0).example" }
        for host in hosts { address(host, "198.51.100.1") }
        address(hosts[9], "192.0.2.7")
        exchangers("sender.example", hosts)
        let outcome = try await check("v=spf1 mx -all")
        #expect(outcome.result == (count == 10 ? .pass : .permerror))
        #expect(outcome.lookupsCount == 1)
    }

    @Test("the client's first ten names are looked at, others are not", arguments: [9, 10])
    func namesCount(_ before: Int) async throws {
        let others = (0..<before).map { "other\($0).example" }
        for name in others { address(name, "198.51.100.1") }
        address("client.sender.example", "192.0.2.7")
        names(ofClient: others + ["client.sender.example"])
        let outcome = try await check("v=spf1 ptr -all")
        #expect(outcome.result == (before == 9 ? .pass : .fail))
        #expect(zone.asked.filter { $0.hasPrefix("a ") }.count == 10)
    }

    @Test("the client's names are asked for once")
    func namesAreKept() async throws {
        names(ofClient: ["client.example"])
        address("client.example", "192.0.2.7")
        _ = try await check("v=spf1 ptr ptr:%{p}.example exists:%{p}.no.example -all")
        #expect(zone.asked.filter { $0.hasPrefix("ptr ") }.count == 1)
    }

    // MARK: Lookups that find nothing

    @Test(
        "the second lookup that finds nothing counts, the third ends the check",
        arguments: [
            "a:no.example", "a:empty.example", "mx:no.example", "mx:hollow.example",
            "exists:no.example", "exists:empty.example", "ptr", "exists:a..b.example",
        ], [1, 2])
    func voids(_ term: String, _ before: Int) async throws {
        zone.put("empty.example", .a, .success(DNSAnswer(.noRecord)))
        exchangers("hollow.example", ["no.example"])
        let others = (0..<before).map { "a:no\($0).example" }.joined(separator: " ")
        let outcome = try await check("v=spf1 \(others) \(term) -all")
        #expect(outcome.result == (before == 1 ? .fail : .permerror))
        if before > 1 { #expect(outcome.reason == .tooManyVoidLookups) }
    }

    @Test("names of the client without an address end nothing: others write them")
    func hollowNames() async throws {
        names(ofClient: (0..<10).map { "no\($0).example" })
        let outcome = try await check("v=spf1 ptr -all")
        #expect(outcome.result == .fail && outcome.voidLookupsCount == 0)
    }

    @Test("a DNS that fails over the client's names leaves them out")
    func failingNames() async throws {
        zone.put("7.2.0.192.in-addr.arpa", .ptr, .failure(.timedOut))
        #expect(try await check("v=spf1 ptr -all").result == .fail)
        names(ofClient: ["gone.sender.example", "client.sender.example"])
        zone.put("gone.sender.example", .a, .failure(.timedOut))
        address("client.sender.example", "192.0.2.7")
        #expect(try await check("v=spf1 ptr -all").result == .pass)
    }

    /// Each answer takes so many seconds; three questions find that the client is not meant.
    @Test(
        "P4: a DNS that is slow ends a check in time",
        arguments: [(10, SPFResult.fail, 3), (11, .temperror, 2), (21, .temperror, 1)])
    func aSlowDNSIsBounded(_ seconds: Int64, _ result: SPFResult, _ asked: Int) async throws {
        text("sender.example", "v=spf1 include:one.example include:two.example -all")
        for name in ["one.example", "two.example"] { text(name, "v=spf1 ?all") }
        let time = ManualTime()
        let outcome = await SPFVerifier(
            resolver: SlowResolver(zone: zone, time: time, seconds: seconds), time: time,
            receiver: Domain(validatedASCII: "mx.ours.example")
        ).check(
            SPFSender(
                try #require(IPAddress("192.0.2.7")), helo: "mail.sender.example",
                mailFrom: "ada@sender.example"))
        #expect(outcome.result == result && zone.asked.count == asked)
        #expect((outcome.reason == .tookTooLong) == (result == .temperror))
    }

    @Test("%{p} of a client without a name that leads back is unknown")
    func unknownName() async throws {
        text("unknown.example", "v=spf1 +all")
        let outcome = try await check("v=spf1 redirect=%{p}.example")
        #expect(outcome.result == .pass)
        #expect(outcome.lookupsCount == 2 && outcome.voidLookupsCount == 1)
    }
}
