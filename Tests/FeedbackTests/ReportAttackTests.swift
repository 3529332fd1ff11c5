import Feedback
import Testing

/// Attack P9: reports that are bombs, that name entities, that never end.
@Suite struct ReportAttackTests {
    private func reason(_ report: ReadReport<AggregateReport>) -> String? {
        guard case .refused(let refusal) = report else { return nil }
        return refusal.description
    }

    /// A document type is refused where it begins, so neither entities of the file system nor ones
    /// that grow are ever declared.
    @Test(arguments: [
        "<!DOCTYPE feedback [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>",
        "<!DOCTYPE feedback [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]>",
        "<!DOCTYPE feedback SYSTEM \"http://127.0.0.1/x.dtd\">",
        "<!DOCTYPE feedback [<!ENTITY % p SYSTEM \"http://127.0.0.1/\">%p;]>",
    ])
    func p9DocumentTypesAreRefused(_ type: String) {
        let document = AggregateReportTests.document(
            front: type, metadata: "<error>&a;</error>")
        #expect(reason(AggregateReportTests.read(document))?.contains("a document type") == true)
    }

    @Test func p9EntitiesWithoutADeclarationStayText() {
        let document = AggregateReportTests.document(metadata: "<error>&secret;</error>")
        guard case .report(let report) = AggregateReportTests.read(document) else {
            Issue.record("refused")
            return
        }
        #expect(report.errors == ["&secret;"])
    }

    /// A mail of 10 KB holds millions of them.
    @Test(arguments: [(5_000, true), (5_001, false), (9_000_000, false)])
    func p9RepairsAreLimited(_ count: Int, _ isRead: Bool) {
        for flaw in ["&", "<"] {
            let document = AggregateReportTests.document(
                metadata: "<error>\(String(repeating: flaw, count: count)) </error>")
            #expect((reason(AggregateReportTests.read(document)) == nil) == isRead)
        }
    }

    @Test func p9DepthIsLimited() {
        let deep = String(repeating: "<a>", count: 100_000)
        let document = AggregateReportTests.document(metadata: deep)
        #expect(reason(AggregateReportTests.read(document))?.contains("at most 32") == true)
    }

    @Test func p9RecordsAreLimited() {
        let record = "<record><row><source_ip>192.0.2.1</source_ip></row></record>"
        let exact = String(repeating: record, count: AggregateReport.recordsMax)
        guard
            case .report(let report) = AggregateReportTests.read(
                AggregateReportTests.document(records: exact))
        else {
            Issue.record("refused")
            return
        }
        #expect(report.records.count == AggregateReport.recordsMax)
        let more = AggregateReportTests.document(records: exact + record)
        #expect(reason(AggregateReportTests.read(more))?.contains("at most 50000") == true)
    }

    @Test(arguments: [Packing.gzip, .zip])
    func p9BombsStopAtTheLimit(_ packing: Packing) {
        let bomb = packing.packed(zeros: ReportArchive.bytesMax + 1)
        #expect(throws: ReportRefusal.self) { try ReportArchive.contents(bomb) }
        let exact = packing.packed(zeros: ReportArchive.bytesMax)
        #expect((try? ReportArchive.contents(exact))?.count == ReportArchive.bytesMax)
    }

    /// Each member may hold nothing, and a mail has room for half a million of them.
    @Test func p9MembersAreLimited() throws {
        let member = Packing.gzip.packed(zeros: 3)
        let exact = Array(repeatElement(member, count: ReportArchive.membersMax).joined())
        #expect(try ReportArchive.contents(exact).count == 3 * ReportArchive.membersMax)
        for more in [1, 10, ReportArchive.packedBytesMax / member.count] {
            let count = min(
                ReportArchive.membersMax + more, ReportArchive.packedBytesMax / member.count)
            let many = Array(repeatElement(member, count: count).joined())
            let refusal = #expect(throws: ReportRefusal.self) { try ReportArchive.contents(many) }
            #expect(
                refusal?.description
                    == "the archive: found more than 16 members, expected at most 16")
        }
    }

    @Test func p9AttachmentsAreLimited() {
        let large = [UInt8](repeating: 32, count: ReportArchive.packedBytesMax + 1)
        #expect(throws: ReportRefusal.self) { try ReportArchive.contents(large) }
    }

    @Test(arguments: [Packing.gzip, .zip])
    func p9ArchivesThatEndEarlyAreRefused(_ packing: Packing) {
        let whole = packing.packed(zeros: 1_000_000)
        for end in [3, 20, 31, whole.count / 2] {
            #expect(throws: ReportRefusal.self) {
                try ReportArchive.contents(Array(whole.prefix(end)))
            }
        }
    }

    @Test func p9JSONIsMeasuredFirst() {
        let deep = Array(String(repeating: "[", count: 1_000_000).utf8)
        let wide = Array("[\(String(repeating: "1,", count: 300_000))1]".utf8)
        for json in [deep, wide] {
            guard case .refused(let refusal) = TLSReport.read(packed: json) else {
                Issue.record("read")
                continue
            }
            #expect(refusal.expected == "at most depth 16, 200000 values")
        }
    }
}
