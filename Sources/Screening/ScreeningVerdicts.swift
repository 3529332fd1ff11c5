/// What screening found out about a mail.
package struct ScreeningVerdicts: Sendable, Equatable {
    package var spam: ScanVerdict
    package var virus: ScanVerdict
    /// What each list was asked, and what it answered; all of it, for the trace.
    package var lists: [ListFinding]
    /// The scanners that could not be had and that the operator wants to be waited for; where there
    /// is one, the mail is to be screened again later, and nothing done with it until then.
    package var waitsFor: [String]

    package init(
        spam: ScanVerdict, virus: ScanVerdict, lists: [ListFinding], waitsFor: [String]
    ) {
        self.spam = spam
        self.virus = virus
        self.lists = lists
        self.waitsFor = waitsFor
    }
}
