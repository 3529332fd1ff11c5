import MailModel
import Screening
import Testing

@Suite struct ListAnswerMatchTests {
    struct Match: CustomTestStringConvertible, Sendable {
        let text: String
        let matched: [String]
        let others: [String]
        var testDescription: String { text }
    }

    static let cases = [
        Match(text: "127.0.0.2", matched: ["127.0.0.2"], others: ["127.0.0.3", "127.0.1.2"]),
        Match(
            text: "127.0.0.4-127.0.0.7", matched: ["127.0.0.4", "127.0.0.7"],
            others: ["127.0.0.3", "127.0.0.8", "::7f00:4"]),
        Match(
            text: "127.0.1.0/24", matched: ["127.0.1.0", "127.0.1.255", "::ffff:127.0.1.7"],
            others: ["127.0.0.255", "127.0.2.0"]),
        Match(
            text: "127.0.0.0-127.255.254.255", matched: ["127.0.0.0", "127.255.254.255"],
            others: ["127.255.255.0", "126.255.255.255"]),
    ]

    @Test(arguments: cases)
    func matches(_ testCase: Match) throws {
        let match = try #require(ListAnswerMatch(testCase.text))
        for text in testCase.matched {
            #expect(match.matches(try #require(IPAddress(text))), "\(text)")
        }
        for text in testCase.others {
            #expect(!match.matches(try #require(IPAddress(text))), "\(text)")
        }
    }

    @Test func bitsAreThoseOfTheLastByte() throws {
        let match = ListAnswerMatch.bits(0b1010)
        for (text, isMatched) in [
            ("127.0.0.2", true), ("127.0.0.8", true), ("127.0.0.14", true), ("127.0.0.4", false),
            ("127.0.2.1", false), ("2001:db8::2", false),
        ] {
            #expect(match.matches(try #require(IPAddress(text))) == isMatched, "\(text)")
        }
    }

    @Test(arguments: [
        "", "2", "127.0.0", "127.0.0.2-", "-127.0.0.2", "127.0.0.3-127.0.0.2", "127.0.0.2-3",
        "127.0.0.2/33", "127.0.0.0/7", "127.0.0.0/8", "0.0.0.0/0", "10.0.0.1", "::1",
        "127.255.255.254", "127.0.0.2-127.255.255.0", "126.255.255.255-127.0.0.1",
    ])
    func isNone(_ text: String) {
        #expect(ListAnswerMatch(text) == nil)
    }
}
