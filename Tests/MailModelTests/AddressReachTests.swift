import MailModel
import Testing

@Suite struct AddressReachTests {
    /// H1: every form in which an address of the inside can be written.
    @Test(arguments: [
        ("8.8.8.8", AddressReach.global), ("1.1.1.1", .global), ("192.0.1.1", .global),
        ("11.0.0.0", .global), ("9.255.255.255", .global), ("100.63.255.255", .global),
        ("100.128.0.0", .global), ("172.15.255.255", .global), ("172.32.0.0", .global),
        ("223.255.255.255", .global), ("169.253.255.255", .global), ("198.17.255.255", .global),
        ("198.20.0.0", .global), ("126.255.255.255", .global), ("128.0.0.0", .global),
        ("2606:4700::1111", .global), ("2a00::1", .global),
        ("127.0.0.1", .loopback), ("127.255.255.254", .loopback), ("::1", .loopback),
        ("::ffff:127.0.0.1", .loopback), ("::ffff:7f00:1", .loopback),
        ("10.0.0.1", .privateUse), ("172.16.0.1", .privateUse), ("172.31.255.255", .privateUse),
        ("192.168.255.255", .privateUse), ("::ffff:10.0.0.1", .privateUse),
        ("169.254.1.1", .linkLocal), ("fe80::1", .linkLocal), ("febf::1", .linkLocal),
        ("100.64.0.0", .shared), ("100.127.255.255", .shared),
        ("fc00::1", .uniqueLocal), ("fdff::1", .uniqueLocal), ("fec0::1", .siteLocal),
        ("169.254.169.254", .metadata), ("fd00:ec2::254", .metadata),
        ("fd20:ce::254", .metadata), ("100.100.100.200", .metadata), ("192.0.0.192", .metadata),
        ("168.63.129.16", .metadata), ("::ffff:169.254.169.254", .metadata),
        ("0.0.0.0", .unspecified), ("::", .unspecified), ("::ffff:0.0.0.0", .unspecified),
        ("0.1.2.3", .reserved), ("255.255.255.255", .broadcast), ("240.0.0.1", .reserved),
        ("224.0.0.1", .multicast), ("239.255.255.255", .multicast), ("ff02::1", .multicast),
        ("192.0.2.1", .documentation), ("198.51.100.1", .documentation),
        ("203.0.113.1", .documentation), ("2001:db8::1", .documentation),
        ("3fff::1", .documentation), ("198.18.0.1", .benchmarking),
        ("198.19.255.255", .benchmarking), ("192.88.99.1", .reserved), ("100::1", .reserved),
        ("4000::1", .reserved), ("1::1", .reserved), ("2001:20::1", .reserved),
        // IPv4-compatible and IPv4-translated.
        ("::127.0.0.1", .loopback), ("::10.0.0.1", .privateUse), ("::8.8.8.8", .compatible),
        ("::ffff:0:127.0.0.1", .loopback), ("::ffff:0:8.8.8.8", .translated),
        // NAT64.
        ("64:ff9b::8.8.8.8", .global), ("64:ff9b::127.0.0.1", .loopback),
        ("64:ff9b::a9fe:a9fe", .metadata), ("64:ff9b::192.168.1.1", .privateUse),
        ("64:ff9b:1::8.8.8.8", .localNAT64), ("64:ff9b:1::10.0.0.1", .privateUse),
        ("64:ff9b:1:ffff::1", .reserved), ("64:ff9b:2::1", .reserved),
        // 6to4, Teredo, ISATAP.
        ("2002:7f00:1::1", .loopback), ("2002:a00:1::", .privateUse),
        ("2002:a9fe:a9fe::1", .metadata), ("2002:808:808::1", .sixToFour),
        ("2001:0:808:808::f7f7:f7f7", .teredo), ("2001:0:808:808::80ff:fffe", .loopback),
        ("2001:0:a00:1::f7f7:f7f7", .privateUse),
        ("2a00::5efe:8.8.8.8", .isatap), ("2a00::200:5efe:8.8.8.8", .isatap),
        ("2a00::5efe:127.0.0.1", .loopback), ("2a00::200:5efe:10.1.1.1", .privateUse),
        ("fe80::5efe:10.0.0.1", .privateUse), ("2a00::5eff:127.0.0.1", .global),
    ])
    func isToldByTheAddress(_ text: String, _ reach: AddressReach) throws {
        #expect(try #require(IPAddress(text)).reach == reach)
    }

    @Test func onlyNamedBlocksOpenTheInside() throws {
        let allowed = ["127.0.0.0/8", "fd00:1::/32"].compactMap(CIDRBlock.init)
        let open = AddressGuard(allowed: allowed)
        for (text, isOpen) in [
            ("127.0.0.1", true), ("::ffff:127.0.0.1", true), ("fd00:1::5", true),
            ("8.8.8.8", true), ("10.0.0.1", false), ("fd00:2::5", false), ("::1", false),
            // What carries an allowed address is another one.
            ("64:ff9b::127.0.0.1", false), ("2002:7f00:1::1", false),
        ] {
            let address = try #require(IPAddress(text))
            #expect((open.refusal(of: address) == nil) == isOpen, "\(text)")
        }
        #expect(
            AddressGuard().refusal(of: try #require(IPAddress("127.0.0.1")))
                == "127.0.0.1 is no address of the open internet (loopback), and http.allow does "
                + "not name it")
    }
}
