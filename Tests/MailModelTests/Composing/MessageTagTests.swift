import MailModel
import Testing

@Suite struct MessageTagTests {
    static let long = String(repeating: "x", count: MessageTag.lengthMax)

    @Test(arguments: [
        ("campaign", "spring"), ("a_b-C9", "a_b-C.9@x"), (long, long),
        ("ses:feedback-id-a", "a"), ("ses:feedback-id-b", "b"),
    ])
    func isOne(_ name: String, _ value: String) throws {
        let tag = try MessageTag(name: name, value: value)
        #expect(tag.name == name && tag.value == value)
    }

    /// In SES's words, and in the order in which it looks.
    @Test(arguments: [
        ("", "", "The tag name must be specified."),
        ("a", "", "The tag value must be specified."),
        (long + "x", "", "Tag name cannot exceed 255 characters."),
        ("a", long + "x", "Tag value cannot exceed 255 characters."),
        (
            "a b", "",
            "Invalid tag name <a b>: only alphanumeric ASCII characters, '_',  '-' are"
                + " allowed."
        ),
        (
            "ses:operation", "x",
            "Invalid tag name <ses:operation>: only alphanumeric ASCII characters, '_',  '-' are"
                + " allowed."
        ),
        (
            "a", "b/c",
            "Invalid tag value <b/c>: only alphanumeric ASCII characters, '_',  '-' ,"
                + " '.', '@' are allowed."
        ),
        (
            "a", "ü",
            "Invalid tag value <ü>: only alphanumeric ASCII characters, '_',  '-' ,"
                + " '.', '@' are allowed."
        ),
    ])
    func isNone(_ name: String, _ value: String, _ message: String) {
        let refusal = #expect(throws: MessageTag.Refusal.self) {
            try MessageTag(name: name, value: value)
        }
        #expect(refusal?.description == message)
    }

    @Test(arguments: [
        ("", []), (" , ", []), ("a=b", ["a=b"]), ("a=b, c=d", ["a=b", "c=d"]),
        (" a = b ,c=d,", ["a=b", "c=d"]), ("a=b,a=c", ["a=b", "a=c"]),
    ])
    func listsAreRead(_ text: String, _ tags: [String]) throws {
        #expect(try MessageTag.list(text).map { "\($0.name)=\($0.value)" } == tags)
    }

    @Test(arguments: [
        ("a", MessageTag.Refusal.valueMissing), ("a=", .valueMissing), ("=b", .nameMissing),
        ("a=b=c", .valueInvalid("b=c")), ("a=b;c=d", .valueInvalid("b;c=d")),
    ])
    func listsAreRefused(_ text: String, _ refusal: MessageTag.Refusal) {
        #expect(throws: refusal) { try MessageTag.list(text) }
    }

    @Test func aListHasAnEnd() throws {
        let tags = (1...MessageTag.countMax).map { "t\($0)=x" }
        #expect(try MessageTag.list(tags.joined(separator: ",")).count == MessageTag.countMax)
        #expect(throws: MessageTag.Refusal.tooMany) {
            try MessageTag.list((tags + ["more=x"]).joined(separator: ","))
        }
    }
}
