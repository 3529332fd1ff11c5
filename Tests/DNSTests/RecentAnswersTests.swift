import DNS
import DNSClient
import MailModel
import Testing

@Suite struct RecentAnswersTests {
    private static let second: UInt64 = 1_000_000_000

    private static let answer = DNSAnswer(.records([.text([[0x61]])]))

    private func question(_ name: String, _ type: DNSRecordType = .txt) -> RecentAnswers.Question {
        .init(name: Domain(validatedASCII: name), type: type)
    }

    /// Kept for the seconds of the first column, an answer is found until those of the second.
    @Test(arguments: [
        (DNSAnswer.Content.records([]), 0, 0), (.records([]), 1, 1), (.records([]), 60, 60),
        (.records([]), 86_400, RecentAnswers.secondsMax), (.noRecord, 5, 5),
        (.noRecord, 3_600, RecentAnswers.negativeSecondsMax),
        (.noSuchName, 3_600, RecentAnswers.negativeSecondsMax),
    ])
    func holdsForItsTime(_ content: DNSAnswer.Content, _ seconds: Int, _ found: Int) {
        var recent = RecentAnswers()
        let start: UInt64 = 7
        recent.keep(
            question("a.example"), DNSAnswer(content), bytes: 1, seconds: seconds, now: start)
        let end = start + UInt64(found) * Self.second
        if found > 0 {
            #expect(recent.find(question("a.example"), now: end - 1)?.content == content)
        }
        #expect(recent.find(question("a.example"), now: end) == nil)
    }

    @Test func isOfItsNameAndType() {
        var recent = RecentAnswers()
        recent.keep(question("a.example"), Self.answer, bytes: 1, seconds: 60, now: 0)
        #expect(recent.find(question("a.example", .mx), now: 1) == nil)
        #expect(recent.find(question("b.example"), now: 1) == nil)
        #expect(recent.find(question("a.example"), now: 1) == Self.answer)
    }

    /// What is asked for stays; what nobody asks for goes with its generation.
    @Test func isBoundedInNumber() {
        var recent = RecentAnswers()
        recent.keep(question("asked.example"), Self.answer, bytes: 1, seconds: 300, now: 0)
        recent.keep(question("never.example"), Self.answer, bytes: 1, seconds: 300, now: 0)
        for number in 0..<3 * RecentAnswers.entriesMax {
            recent.keep(question("n\(number).example"), Self.answer, bytes: 1, seconds: 300, now: 0)
            if number % 100 == 0 { _ = recent.find(question("asked.example"), now: 1) }
        }
        #expect(recent.find(question("asked.example"), now: 1) == Self.answer)
        #expect(recent.find(question("never.example"), now: 1) == nil)
    }

    @Test func isBoundedInBytes() {
        var recent = RecentAnswers()
        let half = RecentAnswers.bytesMax / 2
        for name in ["a", "b", "c", "d", "e"] {
            recent.keep(question(name), Self.answer, bytes: half, seconds: 300, now: 0)
        }
        let found = ["a", "b", "c", "d", "e"].filter { recent.find(question($0), now: 1) != nil }
        #expect(found == ["c", "d", "e"])
        recent.keep(
            question("large"), Self.answer, bytes: RecentAnswers.bytesMax + 1, seconds: 300, now: 0)
        #expect(recent.find(question("large"), now: 1) == nil)
    }
}
