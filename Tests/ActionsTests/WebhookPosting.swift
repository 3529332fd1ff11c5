import Actions
import Foundation
import MailModel
import RuleEngine
import Storage
import Synchronization
import TestSupport
import Testing

/// Keeps what is posted, and answers as it is told.
final class ScriptedPoster: WebhookPoster {
    let posts = Mutex<[(request: WebhookRequest, url: WebURL, seconds: Int64)]>([])
    let answer: WebhookAnswer

    init(_ answer: WebhookAnswer) { self.answer = answer }

    func post(
        _ request: WebhookRequest, to url: WebURL, seconds: Int64
    ) async -> WebhookAnswer {
        posts.withLock { $0.append((request, url, seconds)) }
        return answer
    }
}

/// What suites of webhooks post with.
protocol WebhookPosting {}

extension WebhookPosting {
    static var secret: String { "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }
    static var otherSecret: String { "whsec_bm90IGZvciBhbnlib2R5IGJ1dCB0ZXN0cw==" }
    static var now: Timestamp {
        Timestamp(milliseconds: TestMail.receivedAt.milliseconds + 1_205)
    }

    static var mail: String {
        """
        From: "Löwe, Ada" <ada@sender.example>\r
        To: Support <support+t42@demo.example>, =?utf-8?q?J=C3=B6rg?= <joerg@demo.example>\r
        Subject: =?utf-8?q?Drucker_raucht_=E2=80=93_was_nun=3F?=\r
        Message-ID: <1@sender.example>\r
        MIME-Version: 1.0\r
        Content-Type: multipart/mixed; boundary=o\r
        \r
        --o\r
        Content-Type: multipart/alternative; boundary=i\r
        \r
        --i\r
        Content-Type: text/plain; charset=iso-8859-1\r
        Content-Transfer-Encoding: quoted-printable\r
        \r
        Gr=FC=DFe\r
        --i\r
        Content-Type: text/html\r
        \r
        <p>Hi</p>\r
        --i--\r
        --o\r
        Content-Type: image/png\r
        Content-ID: <pic@sender.example>\r
        Content-Disposition: attachment; filename*=utf-8''%C3%BC.png\r
        Content-Transfer-Encoding: base64\r
        \r
        iVBORw0KGgo=\r
        --o\r
        Content-Type: message/rfc822\r
        \r
        Subject: inner\r
        Content-Type: application/pdf; name=a.pdf\r
        \r
        %PDF\r
        --o--\r

        """
    }

    func perform(
        _ format: Webhook.Format, answer: WebhookAnswer = .answered(status: 200),
        on mail: TestMail = TestMail(Self.mail), secrets: [String] = [Self.secret],
        bodyBytesMax: Int = 100_000, attachmentsBytesMax: Int = 1_000, rule: String = "rule"
    ) async throws -> (ActionResult, [WebhookRequest]) {
        let fixture = ActionFixture(now: Self.now)
        fixture.bodies.hold(mail.content)
        let poster = ScriptedPoster(answer)
        var actions = fixture.actions
        actions.webhooks = Webhooks(
            [
                "tickets": Webhook(
                    url: try WebURL(parsing: "https://tickets.example/in"), format: format,
                    secrets: secrets.compactMap { WebhookSecret($0) }, timeoutSeconds: 7,
                    bodyBytesMax: bodyBytesMax, attachmentsBytesMax: attachmentsBytesMax,
                    postsMax: 1)
            ], poster: poster)
        var task = mail.task(.webhook(to: "tickets"))
        task.key = ActionKey(rule: rule, position: 2)
        let result = await actions.perform([task])[0]
        let posts = poster.posts.withLock { $0 }
        #expect(posts.allSatisfy { $0.seconds == 7 && "\($0.url)" == "https://tickets.example/in" })
        return (result, posts.map(\.request))
    }

    func header(_ name: String, _ request: WebhookRequest) -> String? {
        request.headers.first { $0.name == name }?.value
    }

    static func webhook(_ format: Webhook.Format) throws -> Webhook {
        Webhook(
            url: try WebURL(parsing: "https://tickets.example/in"), format: format,
            secrets: [secret].compactMap { WebhookSecret($0) }, timeoutSeconds: 7,
            bodyBytesMax: 100_000, attachmentsBytesMax: 1_000, postsMax: 1)
    }
}
