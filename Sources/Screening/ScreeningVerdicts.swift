/// What screening found out about a mail.
package struct ScreeningVerdicts: Sendable, Equatable {
    package var spam: ScanVerdict
    package var virus: ScanVerdict
    /// One scanner's word, and how long it took, with its wait for a turn.
    package struct Scan: Sendable, Equatable {
        /// What people call it.
        package var scanner: String
        package var verdict: ScanVerdict
        package var milliseconds: Int64

        package init(scanner: String, verdict: ScanVerdict, milliseconds: Int64) {
            self.scanner = scanner
            self.verdict = verdict
            self.milliseconds = milliseconds
        }
    }

    /// What each list was asked, and what it answered; all of it, for the trace.
    package var lists: [ListFinding]
    /// What each scanner answered, for the trace.
    package var scans: [Scan]
    /// The scanners that could not be had and that the operator wants to be waited for; where there
    /// is one, the mail is to be screened again later, and nothing done with it until then.
    package var waitsFor: [String]

    /// What those whom the mail waits for said, for people; empty where it waits for nobody.
    package var whyItWaits: String {
        scans.filter { waitsFor.contains($0.scanner) }.map(\.verdict.reason)
            .joined(separator: "; ")
    }

    package init(
        spam: ScanVerdict, virus: ScanVerdict, lists: [ListFinding], scans: [Scan],
        waitsFor: [String]
    ) {
        self.spam = spam
        self.virus = virus
        self.lists = lists
        self.scans = scans
        self.waitsFor = waitsFor
    }
}
