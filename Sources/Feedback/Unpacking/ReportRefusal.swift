/// Why a report is not read: where, what stands there, and what should.
package struct ReportRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// `line 5, column 17`, `record 3, source_ip`, `the archive`
    package var place: String
    package var found: String
    package var expected: String

    package init(_ place: String, found: String, expected: String) {
        self.place = place
        self.found = found
        self.expected = expected
    }

    package var description: String { "\(place): found \(found), expected \(expected)" }
}

/// A report, or why it is none.
package enum ReadReport<Report: Sendable & Hashable>: Sendable, Hashable {
    case report(Report)
    case refused(ReportRefusal)
}
