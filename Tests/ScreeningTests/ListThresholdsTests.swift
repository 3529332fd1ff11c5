import MailModel
import Screening
import Storage
import Testing

/// The table that the documentation gives.
@Suite struct ListThresholdsTests {
    private let thresholds = ListThresholds(grayScore: 5, failScore: 10)

    private static func finding(_ score: Int) -> ListFinding {
        ListFinding(
            list: "l", subject: .address, asked: "1.2.0.192",
            outcome: .listed(answers: [IPAddress("127.0.0.2")].compactMap(\.self), score: score))
    }

    private static let failed = ListFinding(
        list: "l", subject: .address, asked: "1.2.0.192", outcome: .failed("gone"))
    private static let unlisted = ListFinding(
        list: "l", subject: .address, asked: "1.2.0.192", outcome: .notListed)

    struct Lists: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let findings: [ListFinding]
        let status: ScanVerdict.Status
    }

    static let alone = [
        Lists(testDescription: "not listed", findings: [unlisted], status: .pass),
        Lists(testDescription: "below gray", findings: [finding(4)], status: .pass),
        Lists(testDescription: "at gray", findings: [finding(5)], status: .gray),
        Lists(testDescription: "below fail", findings: [finding(9)], status: .gray),
        Lists(testDescription: "at fail", findings: [finding(10)], status: .fail),
        Lists(testDescription: "a sum", findings: [finding(5), finding(5)], status: .fail),
        Lists(
            testDescription: "less what is allowed", findings: [finding(10), finding(-6)],
            status: .pass),
        Lists(
            testDescription: "all failed", findings: [failed, failed], status: .processingFailed),
        Lists(testDescription: "one failed", findings: [failed, unlisted], status: .pass),
        Lists(
            testDescription: "one failed, one listed", findings: [failed, finding(12)],
            status: .fail),
    ]

    @Test(arguments: alone)
    func listsAlone(_ testCase: Lists) {
        #expect(
            thresholds.verdict(scanner: nil, findings: testCase.findings).status
                == testCase.status)
    }

    @Test(arguments: [
        (ScanVerdict.Status.pass, 0, ScanVerdict.Status.pass), (.pass, 5, .gray),
        (.pass, 10, .fail), (.gray, 0, .gray), (.gray, -20, .gray), (.gray, 10, .fail),
        (.fail, -20, .fail), (.processingFailed, 0, .processingFailed),
        (.processingFailed, 5, .processingFailed), (.processingFailed, 10, .fail),
        (.disabled, 0, .pass), (.disabled, 5, .gray),
    ])
    func theWorseHolds(
        _ scanner: ScanVerdict.Status, _ score: Int, _ status: ScanVerdict.Status
    ) {
        let verdict = thresholds.verdict(
            scanner: ScanVerdict(scanner, reason: "s"), findings: [Self.finding(score)])
        #expect(verdict.status == status)
    }

    @Test func listsThatFailAreSaidAndCountNothing() {
        let verdict = thresholds.verdict(
            scanner: ScanVerdict(.pass, reason: "rspamd: no action, 0 of 15"),
            findings: [Self.failed])
        #expect(verdict.status == .pass)
        #expect(
            verdict.reason == "rspamd: no action, 0 of 15; lists: score 0; "
                + "l gave no answer for 1.2.0.192: gone")
    }

    @Test func aScannerThatCannotBeHadStaysUnavailable() {
        let verdict = thresholds.verdict(
            scanner: ScanVerdict(.processingFailed, reason: "r", isUnavailable: true),
            findings: [Self.finding(10)])
        #expect(verdict.status == .fail && verdict.isUnavailable)
    }

    @Test func nobodyToAskIsDisabled() {
        #expect(thresholds.verdict(scanner: nil, findings: nil) == .disabled)
        #expect(thresholds.verdict(scanner: nil, findings: []) == .disabled)
    }
}
