import MailModel
import PublicWeb
import Testing

@Suite struct NetworkSeatsTests {
    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    /// Who shares a network with 192.0.2.1 or 2001:db8:0:1::1, of which there are two already.
    @Test(arguments: [
        ("192.0.2.1", false), ("192.0.2.2", true), ("::ffff:192.0.2.1", false),
        ("2001:db8:0:1::2", false), ("2001:db8:0:2::1", true), ("127.0.0.1", true), ("::1", true),
    ])
    func aNetworkHasItsShare(_ peer: String, hasSeat: Bool) throws {
        let seats = NetworkSeats(perNetworkMax: 2)
        for first in ["192.0.2.1", "2001:db8:0:1::1", "127.0.0.1"] {
            #expect(seats.enter(try address(first)))
            #expect(seats.enter(try address(first)))
        }
        #expect(seats.enter(try address(peer)) == hasSeat)
    }

    @Test func aSeatIsFreeAgain() throws {
        let seats = NetworkSeats(perNetworkMax: 1)
        let peer = try address("192.0.2.1")
        #expect(seats.enter(peer))
        #expect(!seats.enter(peer))
        seats.leave(peer)
        #expect(seats.enter(peer))
    }
}
