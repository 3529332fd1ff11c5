import MailModel
import TestSupport
import Testing

@Suite struct TopicMailTests {
    private func mail(
        to recipient: String = "ada@example.com", subject: String = "A mail came",
        text: String = "told", subscription: String? = "arn:aws:sns:x:0:t:id",
        url: String? = "https://sns.example.com/?Action=Unsubscribe"
    ) throws -> String {
        let at = Timestamp(milliseconds: 1_790_000_000_000)
        let bytes = TopicMail(
            id: "5c1d", at: at,
            domain: Domain(validatedASCII: "mx.example.test"),
            from: try #require(Mailbox("topics@example.test")),
            to: try #require(Mailbox(recipient)), subject: subject, text: text,
            subscription: subscription, unsubscribeURL: url
        ).bytes
        #expect(bytes.allSatisfy { $0 < 128 })
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func saysThatAProgramSentItAndHowToEndIt() throws {
        let text = try mail()
        for line in [
            "From: <topics@example.test>", "To: ada@example.com", "Subject: A mail came",
            "Auto-Submitted: auto-generated", "Martlet-Subscription: arn:aws:sns:x:0:t:id",
            "Message-ID: <5c1d@mx.example.test>",
            "List-Unsubscribe: <https://sns.example.com/?Action=Unsubscribe>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ] {
            #expect(text.contains("\(line)\r\n"))
        }
        #expect(text.hasSuffix("\r\n\r\ntold") || text.hasSuffix("\r\n\r\ntold\r\n"))
    }

    /// RFC 8058 §3.1: a program's click goes by https alone.
    @Test func aLinkByHTTPIsForPeople() throws {
        let text = try mail(url: "http://sns.example.com/?Action=Unsubscribe")
        #expect(text.contains("List-Unsubscribe: <http:") && !text.contains("-Post"))
    }

    /// One that a program on the way has put before it does not hide it.
    @Test func aMailSaysByWhichSubscriptionsItCame() throws {
        let other = "Martlet-Subscription: arn:aws:sns:x:0:t:other\r\n"
        let header = HeaderBlock(Array((other + (try mail())).utf8)[...])
        #expect(
            TopicMail.subscriptions(in: header)
                == ["arn:aws:sns:x:0:t:other", "arn:aws:sns:x:0:t:id"])
    }

    /// Before there is a subscription nothing is said of it.
    @Test func aQuestionHasNoLinkToEndIt() throws {
        let text = try mail(subscription: nil, url: nil)
        #expect(!text.contains("List-Unsubscribe") && !text.contains("Martlet-Subscription"))
    }

    /// What a mail's sender wrote stays within its field and its lines.
    @Test func othersWordsBeginNoField() throws {
        let text = try mail(
            subject: "a\r\nBcc: eve@example.com", text: String(repeating: "ü", count: 2_000))
        #expect(!text.contains("\nBcc:"))
        for line in text.split(separator: "\r\n") { #expect(line.utf8.count <= 998) }
    }

    @Test func anAddressBeyondASCIIStaysOutOfTheHeader() throws {
        #expect(try mail(to: "jörg@example.com").contains("To: sender:;"))
    }
}
