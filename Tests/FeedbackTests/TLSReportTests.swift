import Feedback
import Testing

/// SMTP TLS reports: RFC 8460.
@Suite struct TLSReportTests {
    static let json = """
        {"organization-name": "Sender", "date-range": {"start-datetime": "2026-01-01T00:00:00Z",
        "end-datetime": "2026-01-01T23:59:59Z"}, "contact-info": "r@r.example", "report-id": "1",
        "policies": [{"policy": {"policy-type": "sts", "policy-string": ["version: STSv1"],
        "policy-domain": "a.example", "mx-host": "*.a.example"},
        "summary": {"total-successful-session-count": 5, "total-failure-session-count": 3},
        "failure-details": [{"result-type": "certificate-expired", "failed-session-count": 3}]}]}
        """

    @Test func isRead() throws {
        guard case .report(let report) = TLSReport.read(packed: Array(Self.json.utf8)) else {
            Issue.record("refused")
            return
        }
        #expect(report.organizationName == "Sender")
        #expect(report.reportID == "1")
        let entry = try #require(report.policies.first)
        #expect(entry.policy.type == "sts")
        #expect(entry.policy.mxHost?.values == ["*.a.example"])
        #expect(entry.summary.failed == 3)
        #expect(entry.failureDetails?.map(\.resultType) == ["certificate-expired"])
    }

    @Test(arguments: [
        ("", "the JSON: found no JSON, expected JSON"),
        ("{}", "the JSON: found no organization-name, expected organization-name"),
        (
            json.replacing("\"total-failure-session-count\": 3", with: "\"x\": 3"),
            "policies.0.summary: found no total-failure-session-count, expected "
                + "total-failure-session-count"
        ),
        (
            json.replacing(": 5", with: ": \"5\""),
            "policies.0.summary.total-successful-session-count: found another type, expected Int"
        ),
    ])
    func whatIsNoReportIsRefused(_ text: String, _ reason: String) {
        guard case .refused(let refusal) = TLSReport.read(packed: Array(text.utf8)) else {
            Issue.record("read")
            return
        }
        #expect(refusal.description.hasPrefix(reason.prefix(60)))
    }

    @Test func isFoundInAMail() {
        let mail = """
            From: r@r.example
            Subject: Report Domain: a.example Submitter: r.example Report-ID: <1@r.example>
            Content-Type: application/tlsrpt+json

            \(Self.json)
            """
        #expect(Mails.read(mail).kind == .tlsReport)
    }
}
