import Scanners
import Screening
import Testing

@Suite struct RspamdAnswerTests {
    private static func answer(_ text: String) -> RspamdAnswer? { RspamdAnswer(Array(text.utf8)) }

    @Test(arguments: SpamScan.Action.allCases)
    func readsEveryAction(_ action: SpamScan.Action) {
        let answer = Self.answer(#"{"score":-1.5e0,"action":"\#(action.rawValue)"}"#)
        #expect(answer?.scan.action == action)
        #expect(answer?.scan.score == -1.5)
        #expect(answer?.isSkipped == false)
    }

    @Test(arguments: [
        "", "[]", "null", "{}", #""reject""#, #"{"score":1,"action":"REJECT"}"#,
        #"{"score":1,"action":"rejec"}"#, #"{"score":1e400,"action":"reject"}"#,
        #"{"score":1000001,"action":"reject"}"#, #"{"score":null,"action":"reject"}"#,
        #"{"score":NaN,"action":"reject"}"#, #"{"score":1,"action":["reject"]}"#,
        #"{"score":1,"required_score":-1e9,"action":"reject"}"#,
        #"{"score":1,"action":"reject","symbols":[1]}"#,
        #"{"score":1,"action":"reject","symbols":{"A":1}}"#,
        #"{"score":1,"action":"reject","is_skipped":"no"}"#,
        #"{"score":1,"action":"reject"} {"#, #"{"score":1,"action":"reject""#,
    ])
    func isNone(_ text: String) {
        #expect(Self.answer(text) == nil)
    }

    @Test func isNoneBeyondItsSize() {
        let text = #"{"score":1,"action":"reject"}"#
        let room = RspamdAnswer.bytesMax - text.utf8.count
        #expect(Self.answer(text + String(repeating: " ", count: room)) != nil)
        #expect(Self.answer(text + String(repeating: " ", count: room + 1)) == nil)
    }

    @Test func isNoneNestedWithoutEnd() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(Self.answer(#"{"score":1,"action":"reject","messages":\#(deep)"#) == nil)
    }

    @Test func isNoneInNoUTF8() {
        #expect(
            RspamdAnswer(Array(#"{"score":1,"action":"reject","x":""#.utf8) + [0xFF, 34, 125])
                == nil)
    }

    /// What is no name of a symbol, and what has no number, is left out.
    @Test func keepsNamesThatPeopleMaySee() {
        let long = String(repeating: "L", count: RspamdAnswer.symbolBytesMax)
        let answer = Self.answer(
            """
            {"score":1,"action":"reject","symbols":{"A":{"score":1},"B\\n":{"score":2},
            "\\u001b[2J":{"score":3},"":{"score":4},"Ä":{"score":5},"C":{"score":1e7},"D":{},
            "\(long)":{"score":6},"\(long)L":{"score":7}}}
            """)
        #expect(answer?.scan.symbols.map(\.name) == [long, "A", "D"])
    }

    @Test func keepsSoManySymbols() {
        let symbols = (0..<20_000).map { "\"S\($0)\":{\"score\":\($0)}" }.joined(separator: ",")
        let answer = Self.answer(#"{"score":1,"action":"reject","symbols":{\#(symbols)}}"#)
        #expect(answer?.scan.symbols.count == SpamScan.symbolsMax)
        #expect(answer?.scan.symbolsCount == 20_000)
    }
}
