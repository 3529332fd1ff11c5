import DNS
import DeliveryQueue
import MailModel
import OutboundSMTP
import TestSupport
import Testing

/// Where a domain's mail goes. One server listens, at 127.0.0.1; nobody does at its other addresses.
@Suite struct RoutingTests {
    struct Zone: Sendable, CustomTestStringConvertible {
        var name: String
        var result: String
        var remote: String?
        var write: @Sendable (Sending) -> Void
        var change: @Sendable (inout DeliverySettings) -> Void

        init(
            _ name: String, _ result: String, at remote: String? = nil,
            _ change: @escaping @Sendable (inout DeliverySettings) -> Void = { _ in },
            write: @escaping @Sendable (Sending) -> Void
        ) {
            self.name = name
            self.result = result
            self.remote = remote
            self.change = change
            self.write = write
        }

        var testDescription: String { name }
    }

    private static let taken = "delivered 250 2.0.0 taken"

    private static func fail(_ sending: Sending, _ name: String, _ types: DNSRecordType...) {
        for type in types { sending.resolver.put(name, type, .failure(.timedOut)) }
    }

    static let zones = [
        Zone("one exchanger", taken, at: "mx.them.example") { _ in },
        Zone("no such domain", "failed 5.1.2 mail") {
            $0.resolver.put("them.example", .mx, .success(DNSAnswer(.noSuchName)))
        },
        Zone("RFC 7505: no mail", "failed 5.1.10 mail") {
            $0.exchangers("them.example", [(0, nil)])
        },
        Zone("no mail, and a host: the record means nothing", taken, at: "mx.them.example") {
            $0.exchangers("them.example", [(0, nil), (10, "mx.them.example")])
        },
        Zone("no host in any record", "failed 5.4.4 mail") {
            $0.resolver.put(
                "them.example", .mx, .success(DNSAnswer(.records([]), unusableCount: 1)))
        },
        Zone("the DNS fails", "deferred 4.4.3 destination") { fail($0, "them.example", .mx) },
        Zone("no exchanger: the domain itself", taken, at: "them.example") {
            $0.resolver.put("them.example", .mx, .success(DNSAnswer(.noRecord)))
            $0.host("them.example", "127.0.0.1")
        },
        Zone("no exchanger and no address", "failed 5.4.4 mail") {
            $0.resolver.put("them.example", .mx, .success(DNSAnswer(.noRecord)))
            $0.host("them.example")
        },
        Zone("an exchanger without an address, then another", taken, at: "mx.them.example") {
            $0.exchangers("them.example", [(10, "none.example"), (20, "mx.them.example")])
        },
        Zone("an exchanger that is not found, and no other", "failed 5.4.4 mail") {
            $0.exchangers("them.example", [(10, "none.example")])
        },
        Zone("an exchanger that may be found later", "deferred 4.4.3 destination") {
            $0.exchangers("them.example", [(10, "later.example"), (20, "none.example")])
            fail($0, "later.example", .a, .aaaa)
        },
        Zone("one family is not found", taken, at: "mx.them.example") {
            fail($0, "mx.them.example", .aaaa)
        },
        Zone("the better is down", taken, at: "mx.them.example") {
            $0.exchangers("them.example", [(20, "mx.them.example"), (10, "down.example")])
            $0.host("down.example", "127.0.0.9", "::1")
        },
        Zone("all are down", "deferred 4.4.1 destination") {
            $0.host("mx.them.example", "127.0.0.9")
        },
        Zone("one address is down", taken, at: "mx.them.example") {
            $0.host("mx.them.example", "::1", "127.0.0.9", "127.0.0.1")
        },
        Zone(
            "so many addresses are tried", "deferred 4.4.1 destination",
            { $0.limits.addressesMax = 2 }
        ) {
            $0.exchangers("them.example", [(10, "down.example"), (20, "mx.them.example")])
            $0.host("down.example", "127.0.0.8", "127.0.0.9")
        },
        Zone("so many hosts are tried", "deferred 4.4.1 destination", { $0.limits.hostsMax = 1 }) {
            $0.exchangers("them.example", [(10, "down.example"), (20, "mx.them.example")])
            $0.host("down.example", "127.0.0.9")
        },
        Zone("an attack on us", "failed 5.4.4 mail", { $0.allowsPrivateAddresses = false }) { _ in
        },
        Zone("an attack on our network", "failed 5.4.4 mail", { $0.allowsPrivateAddresses = false })
        {
            $0.host("mx.them.example", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1")
        },
        Zone("the way back to us", "failed 5.4.6 mail", { $0.ourselves.names = [us] }) {
            $0.exchangers("them.example", [(10, "us.example"), (20, "mx.them.example")])
        },
        Zone(
            "we come later, and the better is down", "deferred 4.4.1 destination",
            { $0.ourselves.names = [us] }
        ) {
            $0.exchangers(
                "them.example", [(10, "down.example"), (20, "us.example"), (20, "mx.them.example")])
            $0.host("down.example", "127.0.0.9")
        },
        Zone("we come later", taken, at: "mx.them.example", { $0.ourselves.names = [us] }) {
            $0.exchangers("them.example", [(10, "mx.them.example"), (20, "us.example")])
        },
        Zone("by an address of ours", "failed 5.4.6 mail", { $0.ourselves.addresses = ours }) { _ in
        },
        Zone(
            "what we receive ourselves", taken, at: "mx.them.example",
            {
                $0.ourselves.addresses = ours
                $0.ourselves.names = [Domain(validatedASCII: "mx.them.example")]
                $0.ourselves.receives = { $0.ascii == "them.example" }
            }
        ) { _ in },
    ]

    private static let us = Domain(validatedASCII: "us.example")
    private static let ours = Set([IPAddress("127.0.0.1")].compactMap { $0 })

    @Test(arguments: zones)
    func ends(_ zone: Zone) async throws {
        let server = try await ScriptedServer()
        let sending = try Sending(port: server.port, zone.change)
        zone.write(sending)
        let attempt = await sending.deliver()
        #expect(attempt.summary == zone.result)
        #expect(zone.remote == nil || attempt.remote?.name == zone.remote)
        try await server.end()
    }

    /// However many mails come at once; those that are given up wait no longer.
    @Test func asksSoManyQuestionsAtOnce() async throws {
        let sending = try Sending(port: 1) { $0.limits.questionsMax = 3 }
        sending.resolver.hold()
        let tasks = (0..<20).map { number in
            Task {
                await sending.deliver(
                    by: .exchangers(of: Domain(validatedASCII: "d\(number).example")))
            }
        }
        while sending.resolver.asked.count < 3 { await Task.yield() }
        for _ in 0..<1_000 { await Task.yield() }
        #expect(sending.resolver.asked.count == 3)
        for task in tasks { task.cancel() }
        sending.resolver.letGo()
        for task in tasks {
            let result = await task.value.summary
            #expect(result == "deferred 4.4.3 destination" || result == "failed 5.1.2 mail")
        }
        #expect(sending.resolver.asked.count == 3)
        #expect(
            await sending.deliver(by: .exchangers(of: Domain(validatedASCII: "d.example"))).summary
                == "failed 5.1.2 mail")
    }

    /// Equals are asked in any order; the order of preferences stays.
    @Test func sharesAmongEquals() async throws {
        let server = try await ScriptedServer()
        let sending = try Sending(port: server.port) { $0.limits.connectionMailsMax = 1 }
        let names = ["a", "b", "c"].map { "\($0).them.example" }
        sending.exchangers(
            "them.example", names.map { (10, $0) } + [(20, "mx.them.example")])
        for name in names { sending.host(name, "127.0.0.1") }
        var first: [String: Int] = [:]
        for _ in 0..<60 { first[await sending.deliver().remote?.name ?? "", default: 0] += 1 }
        #expect(Set(first.keys) == Set(names))
        try await server.end()
    }
}
