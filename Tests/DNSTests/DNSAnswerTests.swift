import DNS
import Testing

@Suite struct DNSAnswerTests {
    @Test func leavesOutWhatIsNoRecord() throws {
        let answer = try DNSAnswer(.a, data: [[1, 2, 3, 4], [1, 2], []], isSecure: true)
        #expect(answer.records.count == 1)
        #expect(answer.unusableCount == 2)
        #expect(answer.isSecure)
    }

    @Test func hasAtMostSoManyRecords() throws {
        let records = [[UInt8]](repeating: [1, 2, 3, 4], count: DNSAnswer.recordsMax)
        #expect(try DNSAnswer(.a, data: records, isSecure: false).records.count == 100)
        #expect(throws: DNSFailure.answerTooLarge) {
            try DNSAnswer(.a, data: records + [[1, 2, 3, 4]], isSecure: false)
        }
    }

    @Test func hasAtMostSoManyBytes() throws {
        let text = [UInt8](repeating: 0, count: DNSAnswer.bytesMax)
        #expect(try DNSAnswer(.txt, data: [text], isSecure: false).records.count == 1)
        #expect(throws: DNSFailure.answerTooLarge) {
            try DNSAnswer(.txt, data: [text, [0]], isSecure: false)
        }
    }
}
