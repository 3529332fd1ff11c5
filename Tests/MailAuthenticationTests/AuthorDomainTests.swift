import MailAuthentication
import MailModel
import Testing

/// P3: whom From names for every reader, or nobody.
@Suite struct AuthorDomainTests {
    private func find(_ value: String) -> Result<Domain, AuthorDomainDefect> {
        Result { () throws(AuthorDomainDefect) in
            try AuthorDomain.find(in: HeaderBlock(Array("From: \(value)\r\n\r\n".utf8)[...]))
        }
    }

    @Test(arguments: [
        "ada@a.example", "<ada@a.example>", "Ada <ada@a.example>", "Ada L. <ada@a.example>",
        "\"ceo@bank.example\" <ada@a.example>", "Ada (at home) <ada@a.example>",
        "< ada@a.example >", "<ada @ a.example>", "<ada(x)@(y)a.example(z)>",
        "Ada\r\n <ada@a.example>", "<ada\r\n @a.example>", "<ada@a\r\n .example>",
        // RFC 5322 §A.6.3
        "Ada <ada@a(comment).  example>", "ada@a . example",
        "<\"ada l\"@a.example>", "<\"ada\".l@a.example>",
        "a@a.example, b@a.example", "The two: a@a.example, b@a.example;",
        "\"The two, ceo@bank.example\": a@a.example;",
        "=?utf-8?q?Ada?= <ada@a.example>", "=?utf-8?q?=3Cceo=40bank.example=3E=2C?= <a@a.example>",
        "(=?utf-8?q?=29_ceo=40bank.example=2C_=28?=) a@a.example", "ada@a.example <ada@a.example>",
        "<ada@A.Example.>",
    ])
    func isRead(_ value: String) {
        #expect(find(value) == .success(Domain(validatedASCII: "a.example")))
    }

    /// Some readers see `ceo@bank.ex` or `ceo@bank.example` in these, and others who sent them.
    @Test(arguments: [
        // Gaps.
        ("<ceo@bank.ex -evil.example>", AuthorDomainDefect.unreadable),
        ("<ceo@bank.ex(x)-evil.example>", .unreadable),
        ("<ceo@bank.ex\r\n -evil.example>", .unreadable),
        ("<ceo@bank.ex\t-evil.example>", .unreadable),
        ("Ceo <ceo@bank.ex (x) -evil.example>", .unreadable),
        ("<ce o@evil.example>", .unreadable), ("<ceo@bank.example evil@evil.example>", .unreadable),
        ("ceo@bank.ex -evil.example", .unreadable), ("ceo@bank.ex(x)-evil.example", .unreadable),
        ("<\"ceo\"x@evil.example>", .unreadable), ("\"ceo\"x@evil.example", .unreadable),
        ("<ceo@[192.0.2.1]evil.example>", .unreadable),
        ("ceo@\"evil.example\"", .unreadable), ("<ceo@\r\n \"evil\">", .unreadable),
        // Groups.
        ("ceo@bank.example: x@evil.example;", .unreadable),
        ("ceo(x)@bank.example: x@evil.example;", .unreadable),
        ("bank.example: x@evil.example;", .unreadable),
        ("<ceo@bank.example>: x@evil.example;", .unreadable),
        ("a: b: x@evil.example;;", .unreadable), ("a: x@evil.example", .unreadable),
        // Routes.
        ("<@bank.example:x@evil.example>", .unreadable),
        ("<@bank.example,@b.example:x@evil.example>", .unreadable),
        ("Ceo <@bank.example:x@evil.example>", .unreadable),
        ("<@bank.example>", .unusableDomain),
        // Others.
        ("<ceo@bank.example@evil.example>", .unusableDomain),
        ("<ceo@bank.example", .unreadable), ("<ceo@bank.example><x@evil.example>", .unreadable),
        ("<x@evil.example> ceo@bank.example", .unreadable),
        ("ceo@bank.example <x@evil.example>", .severalDomains),
        ("x@evil.example, ceo@bank.example", .severalDomains),
        ("=?utf-8?q?ceo=40bank.example?=", .unreadable), ("<>", .noAddress), ("", .noAddress),
        // Encoded words where RFC 2047 §5 has none.
        ("=?utf-8?q?ceo=40bank.example=2C?=@evil.example", .unreadable),
        ("<=?utf-8?q?ceo=40bank.example=3E=2C=3Cx?=@evil.example>", .unreadable),
        ("x.=?utf-8?q?ceo?=@evil.example", .unreadable),
        ("\"=?utf-8?q?ceo=40bank.example=2C?=\"@evil.example", .unreadable),
        ("x@evil.example, =?utf-8?q?x?=@evil.example", .unreadable),
        ("=?utf-8?q?ceo=40bank.example?=: x@evil.example;", .unreadable),
        ("a: ;", .noAddress), ("ceo@bank.example (", .unreadable),
        ("Ceo (\u{0}) <x@evil.example>", .unreadable), ("x@evil.example (\u{0})", .unreadable),
        ("x@evil.example (\\\u{0})", .unreadable), ("\"\u{0}\" <x@evil.example>", .unreadable),
    ])
    func isNobody(_ value: String, _ defect: AuthorDomainDefect) {
        #expect(find(value) == .failure(defect))
    }

    /// A domain beyond ASCII is what its bytes say only where all of its address is UTF-8.
    @Test(arguments: [
        ([0x61], "bücher.example", true), ([0xE9], "bücher.example", false),
        ([0xE9], "a.example", true),
    ])
    func charsetsAreNotMixed(_ localPart: [UInt8], _ domain: String, _ isRead: Bool) {
        let address = localPart + Array("@\(domain)".utf8)
        let found = try? AuthorDomain.find([address[...]])
        #expect((found != nil) == isRead)
    }
}
