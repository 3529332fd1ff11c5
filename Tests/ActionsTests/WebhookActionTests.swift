import Actions
import Foundation
import MailModel
import RuleEngine
import Storage
import Synchronization
import TestSupport
import Testing

/// What webhooks post, and what answers come to.
@Suite struct WebhookActionTests: WebhookPosting {
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

    @Test func aMailOfNothingIsTold() async throws {
        for format in [Webhook.Format.json, .postmark] {
            var mail = TestMail("")
            mail.from = ""
            let (result, requests) = try await perform(format, on: mail)
            #expect(result.ending == .done(.continueOn))
            _ = try JSONText.object(try #require(requests.first).body)
        }
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
