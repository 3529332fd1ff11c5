import Foundation
import MailModel
import TestSupport
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        ("a@b.example", "a@b.example"), ("A.b+c@B.Example", "A.b+c@b.example"),
        ("\"a b\"@b.example", "\"a b\"@b.example"), ("\"ab\"@b.example", "ab@b.example"),
        ("\"a\\\"b\"@b.example", "\"a\\\"b\"@b.example"), ("\"\"@b.example", "\"\"@b.example"),
        ("a@grün.example", "a@xn--grn-ioa.example"), ("a@[192.0.2.1]", "a@[192.0.2.1]"),
        ("a@[IPv6:2001:DB8::1]", "a@[ipv6:2001:db8::1]"),
        ("a@[IPv6:::ffff:192.0.2.1]", "a@[192.0.2.1]"),
        ("a@b_c.example", "a@b_c.example"),
    ])
    func readsAndWrites(_ text: String, _ wire: String) {
        #expect(Mailbox(text)?.wireText == wire)
    }

    @Test(arguments: [
        "", "a", "@b.example", "a@", "a@b@c.example", ".a@b.example", "a.@b.example",
        "a..b@c.example", "a b@c.example", "a\n@b.example", "\"a\n\"@b.example", "a@b c.example",
        "a@-b.example", "a@b-.example", "a@[1.2.3]", "a@[IPv6:1.2.3.4]", "a@[2001:db8::1]",
        "a@[x:y]", "a@b.example.", "a@b.",
    ])
    func refuses(_ text: String) {
        #expect(Mailbox(text) == nil)
    }

    @Test func limitsLengthsAtTheirEdges() {
        let local = String(repeating: "a", count: 255)
        #expect(Mailbox("\(local)@b.example") != nil)
        #expect(Mailbox("\(local)a@b.example") == nil)
        let label = String(repeating: "b", count: 63)
        #expect(Mailbox("a@\(label).example") != nil)
        #expect(Mailbox("a@b\(label).example") == nil)
        let domain = String(repeating: "b.", count: 126) + "exa"
        #expect(domain.utf8.count == 255 && Mailbox("a@\(domain)") != nil)
        #expect(Mailbox("a@\(domain)m") == nil)
    }

    @Test func comparesWithoutCase() {
        #expect(Mailbox("User@B.example") == Mailbox("uSER@b.EXAMPLE"))
        #expect(Mailbox("user+Label@b.example")?.localPartWithoutLabel == "user")
        #expect(Mailbox("+label@b.example")?.localPartWithoutLabel == nil)
        #expect(Domain(validatedASCII: "a.b.c.example").parents == ["b.c.example", "c.example"])
    }

    @Test func ordersIDsByTime() {
        struct Fixed: RandomSource {
            let byte: UInt8
            func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: byte, count: count) }
        }
        let early = MailID(at: Timestamp(milliseconds: 1_000), random: Fixed(byte: 255))
        let late = MailID(at: Timestamp(milliseconds: 1_001), random: Fixed(byte: 0))
        #expect(early < late)
        #expect(early.text.utf8.count == 40 && MailID(early.text) == early)
        #expect(MailID("../../../../../../../../../../etc/passwd") == nil)
        #expect(MailID(early.text.uppercased() + "w") == nil)
    }

    @Test(arguments: [
        ("192.0.2.0/24", "192.0.2.255", true), ("192.0.2.0/24", "192.0.3.0", false),
        ("192.0.2.1", "192.0.2.1", true), ("0.0.0.0/0", "203.0.113.9", true),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/33", "2001:db8:8000::", false),
        ("10.0.0.0/9", "10.127.0.1", true), ("10.0.0.0/9", "10.128.0.1", false),
        ("192.0.2.0/24", "::ffff:192.0.2.7", true), ("::/0", "192.0.2.1", false),
    ])
    func matchesBlocks(_ block: String, _ address: String, _ isInside: Bool) throws {
        let block = try #require(CIDRBlock(block))
        #expect(block.contains(try #require(IPAddress(address))) == isInside)
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("126.255.255.255", false), ("10.0.0.0", true), ("11.0.0.0", false),
        ("100.64.0.1", true), ("100.63.255.255", false), ("169.254.1.1", true),
        ("172.31.255.255", true), ("172.32.0.0", false), ("192.168.0.1", true),
        ("192.0.2.1", false), ("0.0.0.0", true), ("::", true), ("::1", true), ("::2", false),
        ("fc00::1", true), ("fe80::1", true), ("2001:db8::1", false), ("::ffff:10.0.0.1", true),
    ])
    func knowsWhatIsLocal(_ address: String, _ isLocal: Bool) throws {
        #expect(try #require(IPAddress(address)).isLocal == isLocal)
    }

    @Test func readsTheBytesOfAnAddress() throws {
        let mapped = [UInt8](repeating: 0, count: 10) + [255, 255, 192, 0, 2, 1]
        #expect(IPAddress(bytes: mapped) == IPAddress("192.0.2.1"))
        #expect(IPAddress(bytes: [192, 0, 2, 1]) == IPAddress("192.0.2.1"))
        #expect(IPAddress(bytes: [UInt8](repeating: 0, count: 15) + [1]) == IPAddress("::1"))
        for count in [0, 3, 5, 15, 17] {
            #expect(IPAddress(bytes: [UInt8](repeating: 1, count: count)) == nil)
        }
    }

    @Test(arguments: [
        "", "a", "1.2.3", "1.2.3.4/33", "1.2.3.4/-1", "::/129", "1.2.3.4/", "fe80::1%1",
        "[::1]", "::ffff:1.2.3.4/96", "1.2.3.4/+8",
    ])
    func refusesBlocks(_ text: String) {
        #expect(CIDRBlock(text) == nil)
    }

    @Test(arguments: [
        (0, "Thu, 1 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00.000Z"),
        (951_782_400_123, "Tue, 29 Feb 2000 00:00:00 +0000", "2000-02-29T00:00:00.123Z"),
        (1_565_040_597_028, "Mon, 5 Aug 2019 21:29:57 +0000", "2019-08-05T21:29:57.028Z"),
        (4_107_542_399_999, "Sun, 28 Feb 2100 23:59:59 +0000", "2100-02-28T23:59:59.999Z"),
    ])
    func writesTimes(_ milliseconds: Int64, _ mail: String, _ iso: String) {
        let time = Timestamp(milliseconds: milliseconds)
        #expect(time.rfc5322Text == mail)
        #expect(time.iso8601Text == iso)
    }

    /// Whoever knows addresses best says which are fit for SMTP; so do we, but for comments and
    /// folding, which have no place in SMTP.
}
