import Actions
import Foundation
import MailModel
import RuleEngine
import Storage
import Synchronization
import TestSupport
import Testing

@Suite struct WebhookActionTests {
    /// Keeps what is posted, and answers as it is told.
    private final class ScriptedPoster: WebhookPoster {
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

    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private static let otherSecret = "whsec_bm90IGZvciBhbnlib2R5IGJ1dCB0ZXN0cw=="
    private static let now = Timestamp(milliseconds: TestMail.receivedAt.milliseconds + 1_205)

    private static let mail = """
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

    private func perform(
        _ format: Webhook.Format, answer: WebhookAnswer = .answered(status: 200),
        on mail: TestMail = TestMail(mail), secrets: [String] = [secret],
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

    private func header(_ name: String, _ request: WebhookRequest) -> String? {
        request.headers.first { $0.name == name }?.value
    }

    // MARK: Formats

    @Test func rawIsTheMailWithItsRecipients() async throws {
        for isInFile in [false, true] {
            var mail = TestMail()
            mail.to = ["ada@demo.example", "bob@demo.example"]
            mail.addedHeaders = ["X-Queue: support"]
            mail.isInFile = isInFile
            let (result, requests) = try await perform(.raw, on: mail)
            #expect(result.ending == .done(.continueOn))
            #expect(result.detail == "tickets: answered 200")
            let request = try #require(requests.first)
            #expect(header("Content-Type", request) == "message/rfc822")
            #expect(
                String(decoding: request.body, as: UTF8.self)
                    == "X-Original-To: ada@demo.example\r\nX-Original-To: bob@demo.example\r\n"
                    + "X-Queue: support\r\nSubject: hello\r\n\r\nbody\r\n")
        }
    }

    /// Against golden files.
    @Test(arguments: [Webhook.Format.json, .postmark])
    func saysWhatTheMailHas(_ format: Webhook.Format) async throws {
        var mail = TestMail(Self.mail)
        mail.to = ["support+t42@demo.example", "joerg@demo.example"]
        let (_, requests) = try await perform(format, on: mail)
        let request = try #require(requests.first)
        #expect(header("Content-Type", request) == "application/json")
        let actual = try JSONText.pretty(request.body)
        let path = ProjectFiles.fixture("webhooks/\(format.shape.rawValue).json")
        #expect(actual == (try Golden.text(path, updatedTo: actual)))
    }

    /// Against golden files.
    @Test func formsSayWhatTheMailHas() async throws {
        let key = try #require(MailgunKey("key-0f1e2d3c4b5a69788796a5b4c3d2e1f0"))
        let formats: [Webhook.Format] = [
            .mailgun(key), .mailgunMIME(key), .sendgrid, .sendgridRaw,
        ]
        for format in formats {
            var mail = TestMail(Self.mail)
            mail.to = ["support+t42@demo.example", "joerg@demo.example"]
            mail.verdicts = Self.verdicts
            mail.isScanEnabled = true
            let (result, requests) = try await perform(format, on: mail)
            #expect(result.ending == .done(.continueOn))
            let request = try #require(requests.first)
            let type = try #require(header("Content-Type", request))
            let boundary = try #require(type.split(separator: "boundary=").last)
            #expect(type == "multipart/form-data; boundary=\(boundary)")
            let actual = String(decoding: request.body, as: UTF8.self)
                .replacing(boundary, with: "B").replacing("\r\n", with: "\n")
            let path = ProjectFiles.fixture("webhooks/\(format.shape.rawValue).form")
            #expect(actual == (try Golden.text(path, updatedTo: actual)))
        }
    }

    private static var verdicts: VerdictRecord {
        var verdicts = VerdictRecord()
        verdicts.spf = VerdictRecord.Finding(.gray, result: "softfail")
        verdicts.dkim = VerdictRecord.Finding(.pass, result: "pass")
        verdicts.dkimDomains = ["sender.example", "lists.example"]
        verdicts.spam = VerdictRecord.Finding(.fail)
        verdicts.spamScore = 15.5
        verdicts.inquiries = [
            VerdictRecord.Inquiry(
                of: "rspamd", subject: nil, status: .fail, answer: "reject, 15.5 of 15", score: nil,
                milliseconds: 12)
        ]
        return verdicts
    }

    /// What a rule that does not scan has not asked for is not told.
    @Test func aFormOfARuleThatDoesNotScanHasNoScore() async throws {
        var mail = TestMail()
        mail.verdicts = Self.verdicts
        let (_, requests) = try await perform(.sendgrid, on: mail)
        let body = String(decoding: try #require(requests.first).body, as: UTF8.self)
        #expect(body.contains("\r\nsoftfail\r\n"))
        #expect(!body.contains("spam_"))
    }

    @Test func aMailInAFileIsReadOnce() async throws {
        let key = try #require(MailgunKey("key-0f1e2d3c4b5a69788796a5b4c3d2e1f0"))
        for format in [Webhook.Format.raw, .json, .postmark, .mailgun(key), .sendgridRaw] {
            var mail = TestMail(Self.mail)
            mail.isInFile = true
            mail.verdicts = Self.verdicts
            mail.removedHeaders = ["mime-version"]
            let fixture = ActionFixture(now: Self.now)
            fixture.bodies.hold(mail.content)
            let poster = ScriptedPoster(.answered(status: 200))
            var actions = fixture.actions
            actions.webhooks = Webhooks(
                ["tickets": try Self.webhook(format)], poster: poster)
            let result = await actions.perform([mail.task(.webhook(to: "tickets"))])[0]
            #expect(result.ending == .done(.continueOn))
            #expect(fixture.bodies.reads == 1)
        }
    }

    /// The header field is there where the endpoint asks for it alone.
    @Test func saysThePasswordThatTheEndpointAsksFor() async throws {
        for (password, header) in [("ada:lace", "Basic YWRhOmxhY2U="), (nil, nil)] {
            let fixture = ActionFixture(now: Self.now)
            let poster = ScriptedPoster(.answered(status: 200))
            var actions = fixture.actions
            var webhook = try Self.webhook(.json)
            webhook.basicAuth = password
            actions.webhooks = Webhooks(["tickets": webhook], poster: poster)
            _ = await actions.perform([TestMail().task(.webhook(to: "tickets"))])
            let request = try #require(poster.posts.withLock { $0.first?.request })
            #expect(self.header("Authorization", request) == header)
        }
    }

    private static func webhook(_ format: Webhook.Format) throws -> Webhook {
        Webhook(
            url: try WebURL(parsing: "https://tickets.example/in"), format: format,
            secrets: [secret].compactMap { WebhookSecret($0) }, timeoutSeconds: 7,
            bodyBytesMax: 100_000, attachmentsBytesMax: 1_000, postsMax: 1)
    }

    @Test func aMailOfNothingIsTold() async throws {
        for format in [Webhook.Format.json, .postmark] {
            var mail = TestMail("")
            mail.from = ""
            let (result, requests) = try await perform(format, on: mail)
            #expect(result.ending == .done(.continueOn))
            _ = try JSONText.object(try #require(requests.first).body)
        }
    }

    /// Its eight bytes are carried, or it is said that they are not, and where the mail is.
    @Test(arguments: [(8, true), (7, false), (0, false)])
    func anEventSaysWhatItLeavesOut(_ bytesMax: Int, _ isCarried: Bool) async throws {
        var mail = TestMail(Self.mail)
        mail.storedObjects = ["mail/support/1"]
        let (_, requests) = try await perform(.json, on: mail, attachmentsBytesMax: bytesMax)
        let event = try JSONText.object(try #require(requests.first).body)
        let content = try #require(event["content"] as? [String: Any])
        let attachments = try #require(content["attachments"] as? [[String: Any]])
        #expect(attachments.count == 2)
        #expect((attachments[0]["content"] as? String == "iVBORw0KGgo=") == isCarried)
        #expect((attachments[0]["contentOmitted"] == nil) == isCarried)
        #expect(attachments[0]["size"] as? Int == 8)
        #expect(attachments[1]["contentOmitted"] != nil)
        #expect(content["objects"] as? [String] == ["mail/support/1"])
    }

    private struct Signer: LinkSigner {
        func link(
            to key: String, in bucket: String, by accessKey: String, from time: Timestamp,
            seconds: Int64
        ) -> String? {
            accessKey == "AKIA" ? "\(bucket)/\(key)?\(time.milliseconds)+\(seconds)" : nil
        }
    }

    /// What came of an event with links to what is beyond `bytesMax`, and the requests.
    private func link(
        _ fixture: ActionFixture, bytesMax: Int, accessKey: String = "AKIA",
        of mail: TestMail = TestMail(mail)
    ) async throws -> (ActionResult, [WebhookRequest]) {
        let poster = ScriptedPoster(.answered(status: 200))
        var webhook = try Self.webhook(.json)
        webhook.attachmentsBytesMax = bytesMax
        webhook.links = AttachmentLinks(bucket: "files", accessKey: accessKey, seconds: 60)
        var actions = fixture.actions
        actions.webhooks = Webhooks(["tickets": webhook], poster: poster, signer: Signer())
        let result = await actions.perform([mail.task(.webhook(to: "tickets"))])[0]
        return (result, poster.posts.withLock { $0.map(\.request) })
    }

    /// A picture of 8 bytes and a mail of 65: in the event, or behind links.
    @Test(arguments: [(73, []), (72, [2]), (8, [2]), (7, [1, 2]), (0, [1, 2])])
    func whatAnEventDoesNotCarryIsBehindLinks(_ bytesMax: Int, _ linked: [Int]) async throws {
        let fixture = ActionFixture(now: Self.now)
        let (result, requests) = try await link(fixture, bytesMax: bytesMax)
        #expect(result.ending == .done(.continueOn))
        let event = try JSONText.object(try #require(requests.first).body)
        let content = try #require(event["content"] as? [String: Any])
        let attachments = try #require(content["attachments"] as? [[String: Any]])
        for (number, attachment) in zip(1..., attachments) {
            let key = "attachments/\(TestMail.id)-\(number)"
            let url = linked.contains(number) ? "files/\(key)?1565040603000+60" : nil
            #expect(attachment["url"] as? String == url)
            #expect((attachment["urlExpiresAt"] as? String == nil) == (url == nil))
            #expect((attachment["content"] == nil) == (url != nil))
            #expect(attachment["contentOmitted"] == nil)
        }
        let objects = fixture.objects.calls.flatMap { $0 }
        #expect(
            objects.map(\.key) == linked.map { "attachments/\(TestMail.id)-\($0)" })
        #expect(objects.allSatisfy { $0.bucket == "files" })
        #expect(objects.map { ScriptedObjects.bytes($0).count } == linked.map { [8, 65][$0 - 1] })
    }

    /// Where rules change what the parts of the mail are, no object is written over by another.
    @Test func attachmentsOfChangedPartsAreApart() async throws {
        let text =
            "Content-Disposition: attachment; filename=a\r\n"
            + "Content-Transfer-Encoding: base64\r\nSubject: x\r\n\r\naGVsbG8=\r\n"
        let fixture = ActionFixture(now: Self.now)
        for (added, removed) in [
            ([], []), (["X-For: ada"], ["subject"]), ([], ["content-transfer-encoding"]),
            (["Content-Transfer-Encoding: 8bit"], []),
        ] {
            var mail = TestMail(text)
            (mail.addedHeaders, mail.removedHeaders) = (added, removed)
            _ = try await link(fixture, bytesMax: 0, of: mail)
        }
        let objects = fixture.objects.calls.flatMap { $0 }
        #expect(objects.count == 4)
        let bytes = Dictionary(grouping: objects, by: \.key).mapValues { same in
            Set(same.map { ScriptedObjects.bytes($0) })
        }
        #expect(bytes.values.allSatisfy { $0.count == 1 })
        // Lines that say nothing of the parts make no other objects.
        let plain = "attachments/\(TestMail.id)-1"
        #expect(objects.map { $0.key == plain } == [true, true, false, false])
    }

    @Test func noEventLeadsToWhatIsNotThere() async throws {
        let full = ActionFixture(now: Self.now)
        full.objects.fail("files", .failed("no space"))
        let (failed, none) = try await link(full, bytesMax: 0)
        #expect(failed.ending == .failed)
        #expect(failed.detail == "tickets: no space")
        #expect(none.isEmpty)
        let keyless = ActionFixture(now: Self.now)
        let (unsigned, nothing) = try await link(keyless, bytesMax: 0, accessKey: "AKIB")
        #expect(unsigned.ending == .failed)
        #expect(
            unsigned.detail
                == "tickets: no link can be signed: the access key AKIB is not there, or disabled")
        #expect(nothing.isEmpty)
        #expect(keyless.objects.calls.isEmpty)
    }

    @Test func whatIsTooLargeIsNotPosted() async throws {
        let length = "X-Original-To: support@demo.example\r\n".utf8.count + TestMail().content.count
        let (whole, requests) = try await perform(.raw, on: TestMail(), bodyBytesMax: length)
        #expect(whole.ending == .done(.continueOn))
        #expect(requests.first?.body.count == length)
        let (refused, none) = try await perform(.raw, on: TestMail(), bodyBytesMax: length - 1)
        #expect(refused.ending == .refused)
        #expect(none.isEmpty)
        #expect(
            refused.detail
                == "tickets: the request would have \(length) bytes; bodyBytesMax is \(length - 1)")
    }

    // MARK: Signatures

    /// The example of Standard Webhooks' libraries.
    @Test func signsAsOthersDo() throws {
        let secret = try #require(WebhookSecret(Self.secret))
        #expect(
            secret.signature(
                id: "msg_p5jXN8AQM9LWM0D4loKWxJek", at: Timestamp(milliseconds: 1_614_265_330_999),
                of: Array(#"{"test": 2432232314}"#.utf8))
                == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test(arguments: [
        (23, false), (24, true), (64, true), (65, false),
    ])
    func aSecretHasItsLength(_ bytes: Int, _ isOne: Bool) {
        let key = Base64.text([UInt8](repeating: 7, count: bytes))
        #expect((WebhookSecret("whsec_" + key) != nil) == isOne)
        #expect(WebhookSecret(key) == nil)
    }

    /// OpenSSL: printf 1565040603token | openssl dgst -sha256 -hmac key-of-16-letters
    @Test func aMailgunKeySignsTimeAndToken() throws {
        let key = try #require(MailgunKey("key-of-16-letters"))
        #expect(
            key.signature(at: Self.now, token: "token")
                == "a071aea1bdf27424165bcb6e6d81497714e0cf6263f77ba78da9402145723ab8")
    }

    @Test(arguments: [
        (15, false), (16, true), (256, true), (257, false),
    ])
    func aMailgunKeyHasItsLength(_ length: Int, _ isOne: Bool) {
        let key = String(repeating: "k", count: length)
        #expect((MailgunKey(key) != nil) == isOne)
        #expect(MailgunKey(key.dropLast() + " ") == nil)
    }

    @Test func everySecretSignsAndTheIdStays() async throws {
        var ids: Set<String> = []
        for _ in 1...2 {
            let (_, requests) = try await perform(
                .json, secrets: [Self.secret, Self.otherSecret], rule: "a.b")
            let request = try #require(requests.first)
            let id = try #require(header("webhook-id", request))
            ids.insert(id)
            #expect(header("webhook-timestamp", request) == "1565040603")
            let expected = try [Self.secret, Self.otherSecret].map {
                try #require(WebhookSecret($0)).signature(id: id, at: Self.now, of: request.body)
            }
            #expect(header("webhook-signature", request) == expected.joined(separator: " "))
        }
        #expect(ids == ["\(TestMail.id)/a%2Eb/2"])
    }

    // MARK: Answers

    struct Told: Sendable, CustomTestStringConvertible {
        var answer: WebhookAnswer
        var ending: ActionResult.Ending
        /// Seconds until the next try at the earliest.
        var wait: Int64?

        init(_ answer: WebhookAnswer, _ ending: ActionResult.Ending, wait: Int64? = nil) {
            self.answer = answer
            self.ending = ending
            self.wait = wait
        }

        init(_ status: Int, _ ending: ActionResult.Ending) {
            self.init(.answered(status: status), ending)
        }

        init(_ status: Int, after: String, wait: Int64?) {
            self.init(.answered(status: status, retryAfter: after), .failed, wait: wait)
        }

        var testDescription: String { "\(answer)" }
    }

    static let told = [
        Told(200, .done(.continueOn)), Told(202, .done(.continueOn)), Told(299, .done(.continueOn)),
        Told(199, .failed), Told(301, .failed), Told(400, .failed), Told(401, .failed),
        Told(404, .failed), Told(405, .failed), Told(406, .refused), Told(407, .failed),
        Told(409, .failed), Told(410, .refused), Told(413, .failed), Told(429, .failed),
        Told(500, .failed), Told(503, .failed),
        Told(429, after: "120", wait: 120), Told(503, after: "0", wait: 0),
        Told(503, after: "3600", wait: 3_600), Told(503, after: "3601", wait: 3_600),
        Told(503, after: "99999999999999999999", wait: 3_600),
        Told(503, after: "Mon, 05 Aug 2019 21:31:03 GMT", wait: 59),
        Told(503, after: "Mon, 05 Aug 2019 21:00:00 GMT", wait: 0),
        Told(503, after: "Mon, 05 Aug 2029 21:00:00 GMT", wait: 3_600),
        Told(503, after: "-1", wait: nil), Told(503, after: "soon", wait: nil),
        Told(503, after: "", wait: nil), Told(500, after: "120", wait: nil),
        Told(.failed("no route"), .failed), Told(.forbidden("127.0.0.1: inside"), .refused),
    ]

    @Test(arguments: told)
    func eachAnswerHasItsMeaning(_ told: Told) async throws {
        let (result, _) = try await perform(.raw, answer: told.answer, on: TestMail())
        #expect(result.ending == told.ending)
        #expect(result.detail.hasPrefix("tickets: "))
        #expect(result.notBefore == told.wait.map { Self.now.advanced(bySeconds: $0) })
        if case .answered(let status, _, _) = told.answer {
            #expect(result.detail.contains("answered \(status)"))
        }
    }

    @Test func aNameThatIsGoneIsTriedAgain() async {
        let result = await ActionFixture().perform(.webhook(to: "tickets"))
        #expect(result.ending == .failed)
        #expect(result.detail == "no such webhook: tickets")
    }

    @Test func aMailThatIsShorterThanItWasIsNotPosted() async throws {
        let fixture = ActionFixture()
        var mail = TestMail()
        mail.isInFile = true
        let whole = mail.content
        fixture.bodies.hold(Array(whole.dropLast()))
        let poster = ScriptedPoster(.answered(status: 200))
        var actions = fixture.actions
        actions.webhooks = Webhooks(
            [
                "tickets": Webhook(
                    url: try WebURL(parsing: "https://tickets.example/"), format: .raw,
                    secrets: [], timeoutSeconds: 7, bodyBytesMax: 1_000, attachmentsBytesMax: 0,
                    postsMax: 1)
            ], poster: poster)
        let result = await actions.perform([mail.task(.webhook(to: "tickets"))])[0]
        #expect(result.ending == .failed)
        #expect(poster.posts.withLock { $0.isEmpty })
    }
}
