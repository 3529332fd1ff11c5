import MailModel
import TestSupport
import Testing

/// Under which names anyone may register; the whole of it is the suite `psl`.
@Suite struct PublicSuffixListTests {
    private let list = PublicSuffixList(
        Array("// a list\ncom\nuk\nco.uk\n*.ck\n!www.ck\n\u{516c}\u{53f8}.cn\n".utf8))

    @Test(
        arguments: [
            ("example.com", "example.com"), ("a.b.example.com", "example.com"), ("com", nil),
            ("example.co.uk", "example.co.uk"), ("co.uk", nil), ("a.test.ck", "a.test.ck"),
            ("test.ck", nil), ("www.ck", "www.ck"), ("a.www.ck", "www.ck"),
            ("a.unlisted", "a.unlisted"),
            ("xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"),
        ] as [(String, String?)])
    func findsWhatWasRegistered(_ name: String, _ expected: String?) throws {
        let domain = try Domain(parsing: name)
        #expect(list.registrableDomain(of: domain)?.ascii == expected)
    }

    @Test func linesThatAreNoRuleAreCounted() {
        let list = PublicSuffixList(Array("com\n..\na b\n\u{FF}\n!\n".utf8) + [0xFF, 0x0A])
        #expect(list.rulesCount == 3)
        #expect(list.unusableCount >= 3)
    }
}
