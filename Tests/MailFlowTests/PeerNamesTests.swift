import DNS
import MailFlow
import MailModel
import Storage
import TestSupport
import Testing

/// Peers' names, forward and back.
@Suite struct PeerNamesTests {
    private let zone = ZoneResolver()
    private let time = ManualTime()
    private let peers: PeerNames

    init() {
        peers = PeerNames(resolver: zone, time: time)
    }

    private static let reverse = "1.2.0.192.in-addr.arpa"

    private static func name(_ text: String) -> Domain { Domain(validatedASCII: text) }

    private static func address(_ text: String) throws -> IPAddress {
        try #require(IPAddress(text))
    }

    /// What the zone holds, and what comes of it.
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var pointers: Result<[String], DNSFailure>
        var addresses: [String: Result<[String], DNSFailure>]
        var name: PeerName
    }

    static let cases = [
        Case(
            testDescription: "forward and back", pointers: .success(["mail.example"]),
            addresses: ["mail.example": .success(["192.0.2.9", "192.0.2.1"])],
            name: .verified(name("mail.example"))),
        Case(
            testDescription: "the second name leads back",
            pointers: .success(["a.example", "b.example"]),
            addresses: [
                "a.example": .success(["192.0.2.9"]), "b.example": .success(["192.0.2.1"]),
            ], name: .verified(name("b.example"))),
        Case(
            testDescription: "somebody else's name", pointers: .success(["bank.example"]),
            addresses: ["bank.example": .success(["198.51.100.1"])],
            name: .unconfirmed(name("bank.example"))),
        Case(
            testDescription: "a name without an address", pointers: .success(["mail.example"]),
            addresses: [:], name: .unconfirmed(name("mail.example"))),
        Case(testDescription: "no name", pointers: .success([]), addresses: [:], name: .absent),
        Case(
            testDescription: "one label, which is nobody's", pointers: .success(["localhost"]),
            addresses: ["localhost": .success(["192.0.2.1"])], name: .absent),
        Case(
            testDescription: "an address for a name", pointers: .success(["192.0.2.1"]),
            addresses: ["192.0.2.1": .success(["192.0.2.1"])], name: .absent),
        Case(
            testDescription: "a DNS that fails", pointers: .failure(.timedOut), addresses: [:],
            name: .unknown),
        Case(
            testDescription: "a DNS that fails on the way forward",
            pointers: .success(["mail.example"]),
            addresses: ["mail.example": .failure(.bogus("expired"))], name: .unknown),
        Case(
            testDescription: "more names than are asked for",
            pointers: .success(["a.example", "b.example", "c.example", "d.example"]),
            addresses: ["d.example": .success(["192.0.2.1"])],
            name: .unconfirmed(name("a.example"))),
    ]

    @Test(arguments: cases)
    func finds(_ example: Case) async throws {
        func records(_ texts: [String]) -> DNSAnswer {
            DNSAnswer(.records(texts.map { .pointer(Self.name($0)) }))
        }
        zone.put(Self.reverse, .ptr, example.pointers.map(records))
        for (name, answer) in example.addresses {
            zone.put(
                name, .a,
                answer.map { texts in
                    DNSAnswer(.records(texts.compactMap { IPAddress($0) }.map(DNSRecord.address)))
                })
        }
        #expect(await peers.find(try Self.address("192.0.2.1")) == example.name)
        #expect(zone.asked.count <= 1 + PeerNames.namesMax)
    }

    @Test func asksForTheAddressesOfTheSameKind() async throws {
        let address = try Self.address("2001:db8::1")
        zone.put(address.reverseName.ascii, .ptr, [.pointer(Self.name("six.example"))])
        zone.put("six.example", .aaaa, [.address(address)])
        #expect(await peers.find(address) == .verified(Self.name("six.example")))
    }

    @Test func isKnownOnceItIsFound() async throws {
        let address = try Self.address("192.0.2.1")
        zone.hold()
        peers.lookUp(address)
        peers.lookUp(address)
        #expect(peers.name(of: "192.0.2.1") == .unknown)
        zone.letGo()
        while peers.name(of: "192.0.2.1") == .unknown { await Task.yield() }
        #expect(peers.name(of: "192.0.2.1") == .absent)
        #expect(peers.name(of: "192.0.2.2") == .unknown)
        peers.lookUp(address)
        #expect(zone.asked == ["ptr \(Self.reverse)"])
    }

    /// No question leaves for what the world's DNS cannot know.
    @Test(arguments: ["127.0.0.1", "10.1.2.3", "::1", "fe80::1", "fd00::1", "::ffff:192.168.0.1"])
    func asksNothingAboutLocalPeers(_ text: String) throws {
        peers.lookUp(try Self.address(text))
        #expect(peers.runningCount == 0)
    }

    @Test func looksForSoManyAtOnce() throws {
        zone.hold()
        for number in 0..<UInt8(PeerNames.lookUpsMax + 1) {
            peers.lookUp(try #require(IPAddress(bytes: [198, 51, 100, number])))
        }
        #expect(peers.runningCount == PeerNames.lookUpsMax)
        zone.letGo()
    }

    @Test func forgetsAfterAWhile() async throws {
        let address = try Self.address("192.0.2.1")
        func lookUp(_ address: IPAddress) async {
            peers.lookUp(address)
            while peers.runningCount > 0 { await Task.yield() }
        }
        await lookUp(address)
        time.advance(seconds: PeerNames.keptSeconds + 1)
        await lookUp(try Self.address("192.0.2.2"))
        #expect(peers.name(of: "192.0.2.1") == .absent)
        time.advance(seconds: PeerNames.keptSeconds + 1)
        await lookUp(try Self.address("192.0.2.3"))
        #expect(peers.name(of: "192.0.2.1") == .unknown)
        #expect(peers.name(of: "192.0.2.2") == .absent)
    }
}
