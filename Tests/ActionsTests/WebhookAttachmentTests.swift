import Actions
import Foundation
import MailModel
import RuleEngine
import Storage
import Synchronization
import TestSupport
import Testing

/// What an event carries of attachments, what it leads to by links, and what it says that it leaves out.
@Suite struct WebhookAttachmentTests: WebhookPosting {
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
        of mail: TestMail = TestMail(Self.mail)
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
}
