import DeliveryQueue
import MailModel
import Testing

@Suite struct RouteTableTests {
    private let table = RouteTable(
        relays: ["smart": Relay(host: "smart.example", port: 587)],
        byDomain: ["in.example": "smart"])

    @Test(arguments: [
        ("one.example", "one.example"), ("in.example", "relay:smart"),
        ("deep.in.example", "relay:smart"), ("[192.0.2.1]", "[192.0.2.1]"),
    ])
    func destinations(_ domain: String, _ destination: String) {
        #expect(table.destination(of: Domain(validatedASCII: domain)) == destination)
    }

    @Test func routes() {
        #expect(
            table.route(for: "one.example")
                == .exchangers(of: Domain(validatedASCII: "one.example")))
        #expect(table.route(for: "[192.0.2.1]") == IPAddress("192.0.2.1").map(Route.address))
        #expect(
            table.route(for: "[IPv6:2001:db8::1]") == IPAddress("2001:db8::1").map(Route.address))
        #expect(table.route(for: "[x]") == nil)
        #expect(table.route(for: "relay:gone") == nil)
        #expect(
            table.route(for: "relay:smart") == .relay(Relay(host: "smart.example", port: 587)))
        #expect(table.destination(ofRelay: "smart") == "relay:smart")
        #expect(table.destination(ofRelay: "gone") == nil)
        #expect(
            RouteTable(smartHost: "smart").destination(of: Domain(validatedASCII: "one.example"))
                == "relay:smart")
    }
}
