import Feedback
import Testing

/// Complaints and reports of failed authentication: RFC 5965, RFC 6591.
@Suite struct ComplaintTests {
    private func complaint(_ fields: String) -> FeedbackReport? {
        let mail = """
            From: loop@a.example
            Content-Type: multipart/report; report-type=feedback-report; boundary="="

            --=
            Content-Type: message/feedback-report

            \(fields)

            --=
            Content-Type: message/rfc822

            To: <c@c.example>
            Message-ID: <1@s.example>

            body
            --=--

            """
        guard case .complaint(let report) = Mails.read(mail) else { return nil }
        return report
    }

    @Test func readsEveryField() throws {
        let report = try #require(
            complaint(
                """
                Feedback-Type: Abuse
                User-Agent: Loop/1.0
                Version: 1
                Original-Envelope-Id: e1
                Original-Mail-From: <s@s.example>
                Original-Rcpt-To: <a@a.example>
                Original-Rcpt-To: b@b.example
                Arrival-Date: Fri, 1 Jan 2027 10:00:00 +0000
                Reporting-MTA: dns; mx.a.example
                Source-IP: 192.0.2.1
                Source-Port: 25
                Incidents: 3
                Authentication-Results: mx.a.example;
                 spf=pass
                Reported-Domain: s.example
                Reported-URI: http://s.example/
                Reported-URI: mailto:s@s.example
                """))
        #expect(report.feedbackType == "abuse")
        #expect(report.userAgent == "Loop/1.0")
        #expect(report.version == "1")
        #expect(report.originalEnvelopeID == "e1")
        #expect(report.originalMailFrom == "s@s.example")
        #expect(report.recipients == ["a@a.example", "b@b.example"])
        #expect(report.arrivalDate == "Fri, 1 Jan 2027 10:00:00 +0000")
        #expect(report.reportingMTA == "mx.a.example")
        #expect(report.sourceIP == "192.0.2.1")
        #expect(report.sourcePort == 25)
        #expect(report.incidents == 3)
        #expect(report.authenticationResults == ["mx.a.example; spf=pass"])
        #expect(report.reportedDomains == ["s.example"])
        #expect(report.reportedURIs == ["http://s.example/", "mailto:s@s.example"])
        #expect(report.authFailure == nil)
        #expect(report.original?.messageID == "1@s.example")
    }

    @Test func withoutRecipientsTheQuotedMailTellsThem() {
        #expect(complaint("Feedback-Type: abuse")?.recipients == ["c@c.example"])
    }

    @Test func readsFailedAuthentication() {
        let report = complaint(
            """
            Feedback-Type: auth-failure
            Auth-Failure: DMARC
            Delivery-Result: reject
            Identity-Alignment: spf, dkim
            DKIM-Domain: s.example
            DKIM-Selector: k
            DKIM-Canonicalized-Body: aGVs
             bG8=
            """)
        #expect(report?.authFailure?.failure == "dmarc")
        #expect(report?.authFailure?.deliveryResult == "reject")
        #expect(report?.authFailure?.identityAlignment == ["spf", "dkim"])
        #expect(report?.authFailure?.dkimDomain == "s.example")
        #expect(report?.authFailure?.dkimCanonicalizedBody == "hello")
    }

    @Test func anOlderLoopNamesTheRecipientInTheQuotedMail() {
        let mail = """
            From: staff@loop.example
            Content-Type: multipart/mixed; boundary="="

            --=
            Content-Type: message/rfc822

            X-HmXmrOriginalRecipient: a@a.example
            Subject: x

            body
            --=--

            """
        guard case .complaint(let report) = Mails.read(mail) else {
            Issue.record("no complaint")
            return
        }
        #expect(report.recipients == ["a@a.example"])
    }
}
