import MailModel
import Screening
import Storage
import Testing

@Suite struct SpamScanTests {
    private static func scan(
        _ action: SpamScan.Action, _ score: Double, of required: Double? = 15,
        _ symbols: [(String, Double)] = []
    ) -> SpamScan {
        SpamScan(
            action: action, score: score, requiredScore: required,
            symbols: symbols.map { SpamScan.Symbol(name: $0.0, score: $0.1) })
    }

    @Test func saysWhatWeighsMost() {
        let few = Self.scan(
            .addHeader, 7.504, [("A", 0.1), ("B", -5), ("C", 3), ("D", 0.1)])
        #expect(few.text == "add header, 7.5 of 15 (B -5, C 3, A 0.1, D 0.1)")
        let many = Self.scan(.reject, 20, of: nil, (0..<7).map { ("S\($0)", Double($0)) })
        #expect(many.text == "reject, 20 (S6 6, S5 5, S4 4, S3 3, S2 2, and 2 more)")
        #expect(Self.scan(.noAction, -0.001).text == "no action, 0 of 15")
    }

    @Test func keepsTheHeaviest() {
        let count = SpamScan.symbolsMax + 1
        let scan = Self.scan(.noAction, 0, (0..<count).map { ("S\($0)", Double($0)) })
        #expect(scan.symbols.count == SpamScan.symbolsMax && scan.symbolsCount == count)
        #expect(!scan.symbols.contains { $0.name == "S0" })
    }

    @Test(arguments: SpamScan.Action.allCases)
    func everyActionHasItsWord(_ action: SpamScan.Action) {
        let expected: ScanVerdict.Status =
            switch action {
            case .noAction: .pass
            case .greylist, .addHeader, .rewriteSubject, .softReject: .gray
            case .quarantine, .discard, .reject: .fail
            }
        #expect(action.status == expected)
    }
}
