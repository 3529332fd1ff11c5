import MailModel
import RuleEngine
import Testing

@Suite struct ActionKeyTests {
    private static let text = String(repeating: "a", count: 40)
    private static let recipients = ["ada@example.com", "Bob@example.com", "bob@example.com"]
        .compactMap { Mailbox($0) }

    @Test(arguments: [
        (ActionKey(rule: "orders", position: 0), "orders/0"),
        (ActionKey(rule: "orders", position: 2, asked: 1), "orders/2+1"),
        (ActionKey(rule: "orders", position: 2, recipient: recipients[0]), "orders/2@0"),
        // Who is named twice is one recipient.
        (ActionKey(rule: "orders", position: 2, recipient: recipients[2]), "orders/2@1"),
        (
            ActionKey(rule: "orders", position: 2, asked: 3, recipient: recipients[1]),
            "orders/2+3@1"
        ),
    ])
    func hasAStableID(_ key: ActionKey, _ text: String) throws {
        let id = try #require(MailID(Self.text))
        #expect(key.stableID(of: id, to: Self.recipients) == "\(Self.text)/\(text)")
    }

    /// Also where `/` may not stand, and `-` stands for it.
    @Test func noTwoKeysOfAMailHaveOneID() throws {
        let id = try #require(MailID(Self.text))
        let people = [nil] + Self.recipients.prefix(2).map { Optional($0) }
        let keys = ["a", "b-x", "b.1"].flatMap { rule in
            (0..<3).flatMap { position in
                [nil, 1, 2].flatMap { asked in
                    people.map {
                        ActionKey(rule: rule, position: position, asked: asked, recipient: $0)
                    }
                }
            }
        }
        let ids = keys.map { $0.stableID(of: id, to: Self.recipients) }
        #expect(Set(ids).count == keys.count)
        #expect(
            Set(ids.map { $0.split(separator: "/").joined(separator: "-") }).count == keys.count)
    }
}
