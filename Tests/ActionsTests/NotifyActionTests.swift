import Actions
import Events
import Foundation
import RuleEngine
import Storage
import TestSupport
import Testing

@Suite struct NotifyActionTests {
    /// A mail of exactly `bytes` bytes; the added lines count besides.
    private func mail(bytes: Int, isInFile: Bool, added: [String] = []) -> TestMail {
        var mail = TestMail("Subject: large\r\n\r\n")
        mail.content += [UInt8](repeating: UInt8(ascii: "x"), count: bytes - mail.content.count)
        mail.isInFile = isInFile
        mail.addedHeaders = added
        mail.storedObjects = ["mail/support/\(TestMail.id)", "archive/\(TestMail.id)"]
        return mail
    }

    private func message(
        _ mail: TestMail, encoding: ReceiptAction.Encoding
    ) async throws -> (message: [String: Any], detail: String) {
        let fixture = ActionFixture()
        if mail.isInFile { fixture.bodies.hold(mail.content) }
        let result = await fixture.perform(.notify(topic: "received", encoding: encoding), on: mail)
        #expect(result.ending == .done(.continueOn))
        return (try ActionFixture.message(result), result.detail)
    }

    /// As events of sent mails have them; where there are none, there is no such member.
    @Test func tagsAreTold() async throws {
        var mail = mail(bytes: 100, isInFile: false)
        var told = try await message(mail, encoding: .utf8).message["mail"] as? [String: Any]
        #expect(told?["tags"] == nil)
        mail.tags = [
            MailTag(name: "team", value: "sales"), MailTag(name: "year", value: "2026"),
            MailTag(name: "team", value: "press"),
        ]
        told = try await message(mail, encoding: .utf8).message["mail"] as? [String: Any]
        #expect(
            told?["tags"] as? [String: [String]] == ["team": ["sales", "press"], "year": ["2026"]])
    }

    @Test func aTagIsWrittenDown() async {
        let tag = MailTag(name: "team", value: "sales")
        var mail = TestMail()
        mail.tags = [tag]
        let fixture = ActionFixture()
        let action = ReceiptAction.tag(name: tag.name, value: tag.value)
        #expect(await fixture.perform(action, on: mail).detail == "team=sales")
        mail.tags = []
        #expect(await fixture.perform(action, on: mail).detail.hasPrefix("left out"))
    }

    static let encodings: [ReceiptAction.Encoding] = [.utf8, .base64]

    @Test func theLimitIsSESs() {
        #expect(ReceiptActions.contentBytesMax == 150 * 1024)
    }

    @Test(arguments: encodings, [false, true])
    func aMailOf150KilobytesComesWhole(
        _ encoding: ReceiptAction.Encoding, isInFile: Bool
    ) async throws {
        let mail = mail(bytes: ReceiptActions.contentBytesMax, isInFile: isInFile)
        let (message, detail) = try await message(mail, encoding: encoding)
        let content = try #require(message["content"] as? String)
        switch encoding {
        case .utf8: #expect(Array(content.utf8) == mail.content)
        case .base64: #expect(Data(base64Encoded: content) == Data(mail.content))
        }
        #expect(message["contentOmitted"] == nil)
        #expect(detail == "received")
    }

    @Test(arguments: encodings, [false, true])
    func aByteMoreIsToldOfWithoutContent(
        _ encoding: ReceiptAction.Encoding, isInFile: Bool
    ) async throws {
        let mail = mail(bytes: ReceiptActions.contentBytesMax + 1, isInFile: isInFile)
        let (message, detail) = try await message(mail, encoding: encoding)
        #expect(message["content"] == nil)
        let omitted = try #require(message["contentOmitted"] as? [String: Any])
        #expect(omitted["objects"] as? [String] == mail.storedObjects)
        #expect(
            omitted["reason"] as? String
                == "the mail has 153601 bytes; a notification carries at most 153600")
        #expect(detail == "received, without content")
    }

    /// Added lines are part of what is sent, and so of what is counted and of what is said.
    @Test func theReasonSaysTheLengthThatCounts() async throws {
        let added = ["X-Queue: support"]
        let fits = mail(
            bytes: ReceiptActions.contentBytesMax - 18, isInFile: false, added: added)
        let (whole, _) = try await message(fits, encoding: .utf8)
        let content = try #require(whole["content"] as? String)
        #expect(content.hasPrefix("X-Queue: support\r\nSubject: large\r\n"))
        #expect(content.utf8.count == ReceiptActions.contentBytesMax)
        let over = mail(bytes: ReceiptActions.contentBytesMax - 17, isInFile: false, added: added)
        let (cut, _) = try await message(over, encoding: .utf8)
        let omitted = try #require(cut["contentOmitted"] as? [String: Any])
        #expect(
            omitted["reason"] as? String
                == "the mail has 153601 bytes; a notification carries at most 153600")
    }

    /// What is not UTF-8 comes through only as Base64.
    @Test func bytesThatAreNoTextComeThroughInBase64() async throws {
        var mail = TestMail()
        mail.content = Array("Subject: x\r\n\r\n".utf8) + Array(0...255)
        let (base64, _) = try await message(mail, encoding: .base64)
        let content = try #require(base64["content"] as? String)
        #expect(Data(base64Encoded: content) == Data(mail.content))
        let (text, _) = try await message(mail, encoding: .utf8)
        #expect((text["content"] as? String)?.contains("\u{FFFD}") == true)
    }

    /// However it is escaped, no message is larger than SNS takes.
    @Test(arguments: ["To: ", "From: ", "Subject: ", "X-A: ", "To: a@b.example\r\n\r\n"])
    func aMailOfControlCharactersMakesNoLargeMessage(_ start: String) async throws {
        for unit in ["\u{1}", "\u{1},", "\\\""] {
            let text = start + String(repeating: unit, count: 150_000 / unit.utf8.count)
            let result = await ActionFixture().perform(
                .notify(topic: "received", encoding: .utf8), on: TestMail(text + "\r\n\r\nx"))
            let message = try #require(result.deliveries.first?.message.message)
            #expect(message.utf8.count <= ReceiptEvents.messageBytesMax)
        }
    }

    /// The message with content may have 262,144 bytes, and not one more.
    @Test func theLargestMessageIsSNSs() async throws {
        func size(_ controls: Int, _ plain: Int) async throws -> (Int, Bool) {
            let text =
                "Subject: x\r\n\r\n" + String(repeating: "\u{1}", count: controls)
                + String(repeating: "x", count: plain)
            let result = await ActionFixture().perform(
                .notify(topic: "received", encoding: .utf8), on: TestMail(text))
            let message = try #require(result.deliveries.first?.message.message)
            return (message.utf8.count, result.detail == "received")
        }
        let (base, _) = try await size(30_000, 0)
        let plain = ReceiptEvents.messageBytesMax - base
        let (edge, isWhole) = try await size(30_000, plain)
        #expect(edge == 262_144)
        #expect(isWhole)
        let (over, isOverWhole) = try await size(30_000, plain + 1)
        #expect(over < 10_000)
        #expect(!isOverWhole)
    }

    @Test func aTopicThatIsNotThereIsAFailure() async {
        let result = await ActionFixture().perform(.notify(topic: "gone", encoding: .utf8))
        #expect(result.ending == .failed)
        #expect(result.detail == "no such topic: gone")
    }

    @Test func aTopicThatNobodyListensToIsDone() async {
        let result = await ActionFixture().perform(.notify(topic: "silent", encoding: .utf8))
        #expect(result.ending == .done(.continueOn))
        #expect(result.deliveries.isEmpty)
    }

    @Test func aMailThatCannotBeReadIsAFailure() async {
        var mail = TestMail()
        mail.isInFile = true
        let result = await ActionFixture().perform(
            .notify(topic: "received", encoding: .utf8), on: mail)
        #expect(result.ending == .failed)
        #expect(result.detail == "stored data is damaged: unreadable")
    }
}
