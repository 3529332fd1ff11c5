import RuleEngine
import Testing

@Suite struct PatternTests {
    @Test(arguments: [
        ("^ticket-(?P<id>[0-9]+)@", "Ticket-42@example.com", ["id": "42"]),
        ("(?P<a>x)|(?P<b>y)", "zy", ["b": "y"]),
        ("ärger", "viel ÄRGER", [:]),
        ("(?P<rest>.*)$", "", ["rest": ""]),
        ("", "anything", [:]),
        ("(a)(?P<second>b)", "ab", ["second": "b"]),
    ])
    func finds(_ text: String, _ subject: String, _ captures: [String: String]) throws {
        #expect(try Pattern(text).firstMatch(in: subject) == captures)
    }

    @Test(arguments: [("^b", "ab"), ("(?-i)A", "a"), ("a\\b", "ab")])
    func doesNotFind(_ text: String, _ subject: String) throws {
        #expect(try Pattern(text).firstMatch(in: subject) == nil)
    }

    /// What takes more than linear time does not compile, and neither does what takes much memory.
    @Test(arguments: ["(a)\\1", "(?=a)b", "(", "a**", "((a{1000}){1000}){1000}", "[b-a]"])
    func refuses(_ text: String) {
        #expect(throws: Pattern.Fault.self) { try Pattern(text) }
    }

    @Test func isOfBoundedLength() throws {
        _ = try Pattern(String(repeating: "a", count: Pattern.bytesMax))
        #expect(throws: Pattern.Fault.self) {
            try Pattern(String(repeating: "a", count: Pattern.bytesMax + 1))
        }
    }

    /// Expressions on which others never end.
    @Test(arguments: ["(a+)+$", "(a|aa)+$", "(.*a){20}$"])
    func endsOnAnyText(_ text: String) throws {
        let subject = String(repeating: "a", count: 100_000) + "b"
        #expect(try Pattern(text).firstMatch(in: subject) == nil)
    }
}

@Suite struct WildcardTests {
    @Test(arguments: [
        ("ticket-*@example.com", "ticket-7@example.com", true),
        ("ticket-*@example.com", "ticket-@example.com", true),
        ("ticket-*@example.com", "TICKET-7@EXAMPLE.COM", true),
        ("ticket-*@example.com", "ticket-7@example.org", false),
        ("*", "", true), ("**", "x", true), ("a*a", "a", false), ("a*a", "aa", true),
        ("a*b*c", "a-b-b-c", true), ("a*b*c", "acb", false), ("*b*", "abc", true),
        ("*ab*ab*", "xabx", false), ("abc", "abc", true), ("abc", "abcd", false),
        ("*.pdf", "x.pdf.exe", false), ("ä*", "Ärger", true),
    ])
    func matches(_ wildcard: String, _ text: String, _ isMatch: Bool) {
        #expect(Wildcard(wildcard).matches(text) == isMatch)
    }
}
