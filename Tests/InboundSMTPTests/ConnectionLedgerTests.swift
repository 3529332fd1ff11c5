import InboundSMTP
import MailFlow
import MailModel
import SMTPProtocol
import Testing

@Suite struct ConnectionLedgerTests {
    private func ledger(_ change: (inout ConnectionLimits) -> Void) -> ConnectionLedger {
        var limits = ConnectionLimits()
        change(&limits)
        return ConnectionLedger(limits: limits)
    }

    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    @Test func asManyInAllAsTheLimitSays() {
        var ledger = ledger { $0.connectionsMax = 2 }
        var answers = [ledger.enter(), ledger.enter(), ledger.enter()]
        ledger.leave()
        answers += [ledger.enter(), ledger.enter()]
        #expect(answers == [true, true, false, true, false])
        #expect(ledger.count == 2)
    }

    @Test(arguments: [(1, 1), (15, 1), (16, 2), (1_000, 125)])
    func anEighthMayLinger(_ connectionsMax: Int, _ lingeringMax: Int) {
        var ledger = ledger { $0.connectionsMax = connectionsMax }
        var answers = (0...lingeringMax).map { _ in ledger.linger() }
        #expect(answers == [Bool](repeating: true, count: lingeringMax) + [false])
        ledger.lingerEnded()
        answers = [ledger.linger(), ledger.linger()]
        #expect(answers == [true, false])
    }

    @Test func asManyOfAnAddressAsTheLimitSays() throws {
        var ledger = ledger { $0.perAddressMax = 2 }
        let (one, other) = (try address("192.0.2.1"), try address("192.0.2.2"))
        #expect(ledger.enter(one, at: 0) == nil)
        #expect(ledger.enter(one, at: 0) == nil)
        #expect(ledger.enter(one, at: 0)?.code == 421)
        #expect(ledger.enter(other, at: 0) == nil)
        ledger.leave(one)
        #expect(ledger.enter(one, at: 0) == nil)
        #expect(ledger.enter(one, at: 0)?.code == 421)
    }

    @Test(arguments: [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
        ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("192.0.2.1", "192.0.2.129", false),
        // The first eight bytes of these two look alike as numbers.
        ("0.0.0.1", "::1:0:0:0:0", false),
    ])
    func anIPv6HostIsItsNetworkOf64Bits(_ one: String, _ other: String, isOne: Bool) throws {
        var ledger = ledger { $0.perAddressMax = 1 }
        #expect(ledger.enter(try address(one), at: 0) == nil)
        #expect((ledger.enter(try address(other), at: 0) != nil) == isOne)
    }

    @Test func asManyAMinuteAsTheLimitSays() throws {
        var ledger = ledger { $0.perAddressPerMinuteMax = 3 }
        let one = try address("192.0.2.1")
        for _ in 0..<3 {
            #expect(ledger.enter(one, at: 59_999) == nil)
            ledger.leave(one)
        }
        #expect(ledger.enter(one, at: 59_999)?.code == 421)
        #expect(ledger.enter(try address("192.0.2.2"), at: 59_999) == nil)
    }

    /// The minute slides: what came before it turned still counts, less and less.
    @Test func theMinuteSlides() throws {
        let one = try address("192.0.2.1")
        for (second, isTaken) in [(60, false), (79, false), (80, true), (119, true)] {
            var ledger = ledger { $0.perAddressPerMinuteMax = 3 }
            for _ in 0..<3 { #expect(ledger.enter(one, at: 30_000) == nil) }
            #expect((ledger.enter(one, at: Int64(second) * 1000) == nil) == isTaken, "\(second)")
        }
    }

    @Test func aMinuteWithoutAnyoneEndsIt() throws {
        var ledger = ledger { $0.perAddressPerMinuteMax = 1 }
        let one = try address("192.0.2.1")
        #expect(ledger.enter(one, at: 0) == nil)
        #expect(ledger.enter(one, at: 60_000) != nil)
        #expect(ledger.enter(one, at: 180_000) == nil)
    }

    /// A crowd of networks takes no more memory than the table has; whoever comes after it is
    /// taken, those who are known stay limited.
    @Test func aCrowdIsBounded() throws {
        var ledger = ledger {
            $0.perAddressPerMinuteMax = 1
            $0.perAddressMax = 1_000_000
        }
        let first = try address("2001:db8::")
        #expect(ledger.enter(first, at: 0) == nil)
        for number in 1..<NetworkRate.networksPerMinuteMax {
            let network = String(number, radix: 16)
            let high = network.count > 4 ? String(network.dropLast(4)) : "0"
            let crowd = try address("2001:db9:\(high):\(network.suffix(4))::")
            #expect(ledger.enter(crowd, at: 0) == nil)
            ledger.leave(crowd)
        }
        let late = try address("198.51.100.1")
        #expect(ledger.enter(late, at: 0) == nil)
        #expect(ledger.enter(late, at: 0) == nil)
        #expect(ledger.enter(first, at: 0) != nil)
    }
}
