import Events
import Foundation
import MailModel
import TestSupport
import Testing

/// The JSON of what happened to a sent mail, against golden files: SES's forms to the letter.
@Suite struct SendingEventTests {
    private struct NotAnObject: Error {}

    private static func object(_ bytes: [UInt8]) throws -> [String: Any] {
        guard
            let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        else { throw NotAnObject() }
        return object
    }

    private static func golden(_ name: String, _ bytes: [UInt8]) throws {
        let data = try JSONSerialization.data(
            withJSONObject: object(bytes),
            options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        let actual = String(decoding: data, as: UTF8.self) + "\n"
        let path = ProjectFiles.fixture("events/\(name).json")
        #expect(actual == (try Golden.text(path, updatedTo: actual)))
    }

    @Test func everyGoldenFileHasItsCase() throws {
        let cases = SentMails.events.keys.map { "event-\($0).json" }
        #expect(try ProjectFiles.fixtures(in: "events", ending: "") == cases.sorted())
    }

    @Test(arguments: SentMails.events.keys.sorted())
    func isPublished(_ name: String) throws {
        let isOut = ["delivery", "bounce", "complaint", "delay"].contains(name)
        let mail = SentMails.mail(outgoingIP: isOut ? "198.51.100.1" : nil)
        let event = try #require(SentMails.events[name])
        try Self.golden("event-\(name)", SendingEvents.event(event, of: mail))
    }

    // MARK: The mail

    private static func mail(_ mail: SentMail) throws -> [String: Any] {
        let told = try object(SendingEvents.event(.send, of: mail))
        return try #require(told["mail"] as? [String: Any])
    }

    @Test func whatIsNotThereIsNotTold() throws {
        let told = try Self.mail(
            SentMails.mail(
                head: "Subject: x\n\n", source: .null, sendersMessageID: nil, sourceIP: nil,
                configurationSet: nil, tags: [:]))
        #expect(told["source"] as? String == "")
        let tags = try #require(told["tags"] as? [String: [String]])
        #expect(tags.keys.sorted() == ["ses:caller-identity", "ses:operation"])
        let common = try #require(told["commonHeaders"] as? [String: Any])
        #expect(common.keys.sorted() == ["messageId", "subject"])
    }

    /// The tags of ours say what is: a sender's of the same name would not.
    @Test func ourTagsStand() throws {
        let told = try Self.mail(SentMails.mail(tags: ["ses:operation": ["x"]]))
        let tags = try #require(told["tags"] as? [String: [String]])
        #expect(tags["ses:operation"] == ["SendRawEmail"])
    }

    @Test func ourMessageIDIsToldWhereTheSenderGaveNone() throws {
        let told = try Self.mail(SentMails.mail(sendersMessageID: nil))
        let headers = try #require(told["headers"] as? [[String: String]])
        #expect(headers.last == ["name": "Message-ID", "value": "<ours@service.example>"])
        let common = try #require(told["commonHeaders"] as? [String: Any])
        #expect(common["messageId"] as? String == SentMails.id.text)
    }

    @Test func headersHaveAnEnd() throws {
        let line = EventLimits.headerBytesMax - 5
        for (count, isTruncated) in [(line, false), (line + 1, true)] {
            let head = "X: \(String(repeating: "x", count: count))\n\n"
            let told = try Self.mail(SentMails.mail(head: head))
            #expect(told["headersTruncated"] as? Bool == isTruncated)
            #expect((told["headers"] as? [Any])?.count == (isTruncated ? 0 : 1))
        }
    }

    @Test func destinationsHaveAnEnd() throws {
        let many = (0..<1_000).map { SentMails.mailbox("recipient-\($0)@example.com") }
        let told = try Self.mail(SentMails.mail(recipients: many))
        let count = try #require(told["destination"] as? [String]).count
        #expect(count > 300 && count < 1_000)
        #expect(told["headersTruncated"] as? Bool == true)
    }

    @Test func answersHaveAnEnd() throws {
        let words = String(repeating: "x", count: EventLimits.answerBytesMax + 1)
        let event = SendingEvent.bounce(
            SendingEvent.Bounce(
                id: SentMails.feedbackID, at: SentMails.acceptedAt,
                type: BounceType(.transient, .general),
                recipients: [SendingEvent.Recipient("a@b.c", reply: words)]))
        let told = try Self.object(SendingEvents.event(event, of: SentMails.mail()))
        let bounce = try #require(told["bounce"] as? [String: Any])
        let recipients = try #require(bounce["bouncedRecipients"] as? [[String: String]])
        #expect(recipients.first?["diagnosticCode"] == "smtp; " + words.dropLast())
    }
}
