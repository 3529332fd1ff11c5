import MailModel
import OutboundSMTP
import Testing

@Suite struct STSPolicyTests {
    private static let start = "version: STSv1\nmode: enforce\nmax_age: 100\n"

    @Test func reads() throws {
        let text =
            "version: STSv1\r\nmode: testing\r\nmx: A.Example \r\nmx:*.b.example\r\nmax_age: 5\r\n"
        let policy = try #require(STSPolicy(Array(text.utf8)))
        #expect(policy.mode == .testing)
        #expect(policy.ageSeconds == 5)
        #expect(policy.patterns == ["a.example", "*.b.example"])
        #expect(policy.lines.count == 5)
    }

    static let good = [
        start + "mx: a.example", "mode: none\nversion: STSv1\nmax_age: 1",
        start + "mx: a.example\nmode: none\nx: y", start + "\nmx: a.example\n\n",
    ]

    @Test(arguments: good)
    func takes(_ text: String) { #expect(STSPolicy(Array(text.utf8)) != nil) }

    static let bad = [
        "", "version: STSv1", start, start + "mx: ", start + "mx: *", start + "mx: a b",
        start + "mx: *.*.example", start + "mx a.example",
        "version: STSv2\n" + start + "mx: a.example",
        "version: STSv1\nmode: maybe\nmax_age: 1\nmx: a.example",
        "version: STSv1\nmode: enforce\nmax_age: -1\nmx: a.example",
        "version: STSv1\nmode: enforce\nmax_age: 12345678901\nmx: a.example",
        start + "mx: é.example", "<html>" + start + "mx: a.example",
        start + "mx: a.example\n" + String(repeating: "x", count: STSPolicy.bytesMax),
    ]

    @Test(arguments: bad)
    func refuses(_ text: String) { #expect(STSPolicy(Array(text.utf8)) == nil) }

    @Test func itsAgeHasALimit() throws {
        let text = "version: STSv1\nmode: none\nmax_age: 9999999999"
        #expect(STSPolicy(Array(text.utf8))?.ageSeconds == STSPolicy.ageSecondsMax)
    }

    /// RFC 8461 §4.1: the star is one label, and the first.
    static let names: [(String, Bool)] = [
        ("a.example", true), ("mx.b.example", true), ("b.example", false),
        ("x.mx.b.example", false), ("xa.example", false), ("example", false),
    ]

    @Test(arguments: names)
    func allows(_ name: String, _ isAllowed: Bool) throws {
        let policy = try #require(
            STSPolicy(Array((Self.start + "mx: a.example\nmx: *.b.example").utf8)))
        #expect(policy.allows(Domain(validatedASCII: name)) == isAllowed)
    }
}
