import MailModel
import Storage

/// How the answers of lists and of a scanner become one verdict.
///
/// The scores of all listings are added. At `failScore` and above the lists say `FAIL`, at
/// `grayScore` and above `GRAY`, below it `PASS`. The verdict is the worse of theirs and the
/// scanner's, in the order `PASS`, `GRAY`, `PROCESSING_FAILED`, `FAIL`: what is known to be bad
/// stays so where something else could not be asked. A list that fails counts nothing; where all
/// fail and no scanner judges, it is `PROCESSING_FAILED`.
package struct ListThresholds: Sendable, Equatable {
    package var grayScore: Int
    package var failScore: Int

    package init(grayScore: Int, failScore: Int) {
        self.grayScore = grayScore
        self.failScore = failScore
    }

    func status(of score: Int) -> ScanVerdict.Status {
        score >= failScore ? .fail : score >= grayScore ? .gray : .pass
    }

    /// `scanner` is nil where there is none, `findings` where there are no lists.
    package func verdict(scanner: ScanVerdict?, findings: [ListFinding]?) -> ScanVerdict {
        let lists = findings.flatMap(verdict)
        guard let scanner, scanner.status != .disabled else {
            return lists ?? scanner ?? .disabled
        }
        guard let lists else { return scanner }
        var verdict = scanner
        // A failure of lists is said, and is none where a scanner has judged.
        if lists.status != .processingFailed, lists.status.severity > scanner.status.severity {
            verdict.status = lists.status
        }
        verdict.reason += "; \(lists.reason)"
        return verdict
    }

    /// Of lists alone; nil where none was asked.
    private func verdict(_ findings: [ListFinding]) -> ScanVerdict? {
        guard !findings.isEmpty else { return nil }
        let failed = findings.filter(\.isFailure)
        let score = findings.reduce(0) { $0 + $1.score }
        let told = findings.filter { $0.outcome != .notListed }.map(\.text)
        let reason = (["lists: score \(score)"] + told).joined(separator: "; ")
        return ScanVerdict(
            failed.count == findings.count ? .processingFailed : status(of: score), reason: reason)
    }
}

extension ScanVerdict.Status {
    /// Which of two verdicts about one mail holds: the greater.
    fileprivate var severity: Int {
        switch self {
        case .disabled: 0
        case .pass: 1
        case .gray: 2
        case .processingFailed: 3
        case .fail: 4
        }
    }
}
