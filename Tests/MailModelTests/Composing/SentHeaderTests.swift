import MailModel
import TestSupport
import Testing

/// The header as it leaves.
@Suite struct SentHeaderTests {
    static let id = MessageID(
        at: Timestamp(milliseconds: 1_790_000_000_000), random: CountingRandom())
    static let domain = Domain(validatedASCII: "service.example")

    static func stamp(
        keepsMessageID: Bool = false, received: ComposedField? = nil, feedbackID: FeedbackID? = nil
    ) -> SentHeader.Stamp {
        SentHeader.Stamp(
            id: id, domain: domain, keepsMessageID: keepsMessageID,
            date: Timestamp(milliseconds: 1_790_000_000_000), received: received,
            feedbackID: feedbackID)
    }

    static func sent(
        _ text: String, author: Mailbox? = nil, _ stamp: SentHeader.Stamp = stamp()
    ) throws -> SentHeader {
        SentHeader(try SubmittedHeaderTests.read(text, author: author), stamp)
    }

    private static func text(_ header: SentHeader) -> String {
        String(decoding: header.bytes, as: UTF8.self).replacing("\r\n", with: "\n")
    }

    static let date = "Date: Mon, 21 Sep 2026 14:13:20 +0000"
    static let messageID = "Message-ID: <\(id.text)@service.example>"

    @Test func whatIsForUsGoes() throws {
        let sent = try Self.sent(
            """
            Bcc: hidden@b.c
            Resent-Bcc: hidden@b.c
            X-SES-CONFIGURATION-SET: a
            X-SES-MESSAGE-TAGS: a=b,
             c=d
            X-SES-SOURCE-ARN: a
            X-SES-FROM-ARN: a
            X-SES-RETURN-PATH-ARN: a
            X-SES-LIST-MANAGEMENT-OPTIONS: a
            X-SES-TENANT: a
            Return-Path: <a@b.c>
            From: a@b.c
            bcc : hidden@b.c


            """)
        #expect(Self.text(sent) == "From: a@b.c\n\(Self.date)\n\(Self.messageID)\n\n")
    }

    @Test func theRestKeepsItsBytesAndOrder() throws {
        let sent = try Self.sent(
            """
            X-Odd:\tone
             two\t
            Date: yesterday
            FROM: "A" <a@b.c>
            Message-Id: <mine@b.c>
            To: t@b.c
            List-Unsubscribe: <https://b.c/u>
            List-Unsubscribe-Post: List-Unsubscribe=One-Click
            To: u@b.c
            Subject: grüße


            """)
        #expect(
            Self.text(sent) == """
                X-Odd:\tone
                 two\t
                \(Self.date)
                FROM: "A" <a@b.c>
                \(Self.messageID)
                To: t@b.c
                List-Unsubscribe: <https://b.c/u>
                List-Unsubscribe-Post: List-Unsubscribe=One-Click
                To: u@b.c
                Subject: grüße


                """)
    }

    @Test func theSendersMessageIDMayStay() throws {
        let text = "From: a@b.c\nMessage-ID: <mine@b.c>\n\n"
        let kept = try Self.sent(text, Self.stamp(keepsMessageID: true))
        #expect(Self.text(kept) == "From: a@b.c\nMessage-ID: <mine@b.c>\n\(Self.date)\n\n")
        for missing in ["From: a@b.c\n\n", "From: a@b.c\nMessage-ID: \n\n"] {
            let given = try Self.sent(missing, Self.stamp(keepsMessageID: true))
            #expect(Self.text(given).contains(Self.messageID))
        }
    }

    @Test func receivedComesOnTop() throws {
        let received = try #require(ComposedField("Received", "from a by b; today"))
        let sent = try Self.sent("From: a@b.c\n\n", Self.stamp(received: received))
        #expect(Self.text(sent).hasPrefix("Received: from a by b; today\nFrom:"))
    }

    @Test(arguments: [
        ("Content-Type: text/plain\n", true), ("", false),
        ("Content-Type: text/plain\nmime-version: 1.0\n", false),
    ])
    func contentHasAVersion(_ fields: String, _ isAdded: Bool) throws {
        let text = Self.text(try Self.sent("From: a@b.c\n\(fields)\n"))
        #expect(text.contains("MIME-Version: 1.0\n") == isAdded)
    }

    @Test func whoSubmitsStandsForFrom() throws {
        let author = try #require(Mailbox("root@host.example"))
        let sent = try Self.sent("Subject: cron\n\n", author: author)
        #expect(
            Self.text(sent)
                == "Subject: cron\nFrom: root@host.example\n\(Self.date)\n\(Self.messageID)\n\n")
        let given = try Self.sent("From: a@b.c\n\n", author: author)
        #expect(!Self.text(given).contains("root"))
    }

    @Test(arguments: ["From: a@b.c", "From: a@b.c\n", "From: a@b.c\n\n"])
    func aMailMayEndInItsHeader(_ text: String) throws {
        let sent = try Self.sent(text)
        #expect(Self.text(sent) == "From: a@b.c\n\(Self.date)\n\(Self.messageID)\n\n")
    }

    // MARK: Feedback-ID

    @Test(arguments: [
        ([], "::1.eu-west-1.AQI=:Martlet"),
        (["ses:feedback-id-a=x"], "x::1.eu-west-1.AQI=:Martlet"),
        (
            ["ses:feedback-id-b=y", "ses:feedback-id-a=x", "ses:feedback-id-a=z"],
            "x:y:1.eu-west-1.AQI=:Martlet"
        ),
    ])
    func feedbackIDHasTheTags(_ tags: [String], _ text: String) throws {
        let id = FeedbackID(
            tags: try MessageTag.list(tags.joined(separator: ",")), region: "eu-west-1",
            account: [1, 2], service: "Martlet")
        let sent = try Self.sent("From: a@b.c\n\n", Self.stamp(feedbackID: id))
        #expect(Self.text(sent).hasSuffix("\nFeedback-ID: \(text)\n\n"))
        let given = try Self.sent(
            "From: a@b.c\nFeedback-ID: a:b:c:d\n\n", Self.stamp(feedbackID: id))
        #expect(!Self.text(given).contains("Martlet"))
    }

    @Test(arguments: [
        ("a\r\nb", 1, "s"), ("", 1, "s"), ("a", 0, "s"), ("a", 65, "s"), ("a", 1, "a:b"),
        (String(repeating: "a", count: 65), 1, "s"),
    ])
    func noFeedbackIDOfOtherWords(_ region: String, _ account: Int, _ service: String) {
        let bytes = [UInt8](repeating: 1, count: account)
        #expect(FeedbackID(tags: [], region: region, account: bytes, service: service) == nil)
    }
}
