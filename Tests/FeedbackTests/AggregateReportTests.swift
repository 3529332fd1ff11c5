import Feedback
import Testing

/// DMARC aggregate reports: RFC 9990 and RFC 7489 §C.
@Suite struct AggregateReportTests {
    static let record = """
        <record><row><source_ip>192.0.2.1</source_ip><count>2</count><policy_evaluated>
        <disposition>none</disposition><dkim>pass</dkim><spf>fail</spf>
        <reason><type>forwarded</type><comment>c</comment></reason></policy_evaluated></row>
        <identifiers><envelope_from>b.example</envelope_from><header_from>A.example</header_from>
        </identifiers><auth_results>
        <dkim><domain>a.example</domain><selector>s</selector><result>pass</result></dkim>
        <spf><domain>b.example</domain><scope>mfrom</scope><result>softfail</result></spf>
        </auth_results></record>
        """

    static func document(
        front: String = "", metadata: String = "", records: String = record,
        end: String = "</feedback>"
    ) -> String {
        """
        \(front)<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0"><version>1.0</version>
        <report_metadata><org_name>Receiver</org_name><email>r@r.example</email>\(metadata)
        <report_id>id-1</report_id>
        <date_range><begin>1700000000</begin><end>1700086399</end></date_range>
        <generator>G/1</generator></report_metadata>
        <policy_published><domain>a.example</domain><p>reject</p><sp>none</sp><np>none</np>
        <testing>n</testing><discovery_method>treewalk</discovery_method></policy_published>
        \(records)\(end)
        """
    }

    static func read(_ text: String) -> ReadReport<AggregateReport> {
        AggregateReport.read(packed: Array(text.utf8))
    }

    @Test func readsEveryElement() throws {
        guard case .report(let report) = Self.read(Self.document()) else {
            Issue.record("refused")
            return
        }
        #expect(report.organization == "Receiver")
        #expect(report.email == "r@r.example")
        #expect(report.reportID == "id-1")
        #expect(report.begin == 1_700_000_000)
        #expect(report.end == 1_700_086_399)
        #expect(report.generator == "G/1")
        #expect(report.policy.domain == "a.example")
        #expect(report.policy.p == "reject")
        #expect(report.policy.np == "none")
        #expect(report.policy.testing == "n")
        #expect(report.policy.discoveryMethod == "treewalk")
        #expect(report.defects == [])
        let record = try #require(report.records.first)
        #expect(record.sourceIP == "192.0.2.1")
        #expect(record.count == 2)
        #expect(record.disposition == "none")
        #expect(record.dkim == "pass")
        #expect(record.spf == "fail")
        #expect(record.reasons == [.init(type: "forwarded", comment: "c")])
        #expect(record.headerFrom == "a.example")
        #expect(record.envelopeFrom == "b.example")
        #expect(record.dkimResults.map(\.selector) == ["s"])
        #expect(record.spfResults.map(\.result) == ["softfail"])
    }

    @Test(arguments: [
        document(metadata: "<error><a@b.example></error>"), document(end: ""),
        "\u{FEFF}" + document(end: "</feedback><"), document(metadata: "<error>a & b</error>"),
        document(records: record.replacing("<result>pass", with: "<result>Pass")),
        "<xs:schema xmlns:xs=\"x\">" + document(),
    ])
    func flawsAreTold(_ text: String) {
        guard case .report(let report) = Self.read(text) else {
            Issue.record("refused: \(Self.read(text))")
            return
        }
        #expect(report.records.count == 1)
        #expect(!report.defects.isEmpty)
    }

    @Test(arguments: [
        ("", "line 1, column 1: found nothing, expected feedback"),
        ("<html></html>", "the root: found 'html', expected feedback"),
        (document(records: ""), "feedback: found no record, expected at least one"),
        (
            document(records: record.replacing("192.0.2.1", with: "x")),
            "record 1, source_ip: found 'x', expected an IP address"
        ),
        (
            document(records: record.replacing("192.0.2.1", with: "\u{85}\u{202E}x")),
            "record 1, source_ip: found '\u{FFFD}\u{FFFD}x', expected an IP address"
        ),
        (
            document(records: record.replacing("<count>2", with: "<count>-2")),
            "record 1, count: found '-2', expected a number"
        ),
        (
            document().replacing("<report_id>id-1</report_id>", with: ""),
            "feedback: found no report_id, expected report_id"
        ),
    ])
    func whatIsNoReportIsRefused(_ text: String, _ reason: String) {
        guard case .refused(let refusal) = Self.read(text) else {
            Issue.record("read")
            return
        }
        #expect(refusal.description == reason)
    }

    @Test func isFoundInAMail() {
        let mail = """
            From: r@r.example
            Subject: Report Domain: a.example Submitter: r.example Report-ID: id-1
            Content-Type: text/xml; name="r.example!a.example!1!2.xml"

            \(Self.document())
            """
        #expect(Mails.read(mail).kind == .aggregateReport)
    }

    @Test func whatIsNotAnnouncedStaysClosed() {
        let mail = """
            From: a@a.example
            Subject: Holiday
            Content-Type: application/zip; name="photos.zip"

            PK
            """
        #expect(Mails.read(mail).kind == .other)
    }
}
