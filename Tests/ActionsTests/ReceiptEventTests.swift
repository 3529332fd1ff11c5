import Actions
import Events
import Foundation
import MailModel
import NIOCore
import RuleEngine
import Storage
import TestSupport
import Testing

/// The JSON that handlers and topics are given, against golden files: SES's forms to the letter
/// where SES says how they are.
@Suite struct ReceiptEventTests {
    private func golden(_ name: String, _ bytes: some Sequence<UInt8>) throws {
        let actual = try JSONText.pretty(bytes)
        let path = ProjectFiles.fixture("actions/\(name).json")
        #expect(actual == (try Golden.text(path, updatedTo: actual)))
    }

    @Test func everyGoldenFileHasItsCase() throws {
        let cases =
            EventMails.all.keys.map { "lambda-\($0).json" }
            + Self.told.keys.map { "notification-\($0).json" }
        #expect(try ProjectFiles.fixtures(in: "actions", ending: "") == cases.sorted())
    }

    // MARK: Mails

    static let now = Timestamp(milliseconds: TestMail.receivedAt.milliseconds + 1_205)

    /// The Lambda event of each mail.
    @Test(arguments: EventMails.all.keys.sorted())
    func tellsOfAMail(_ name: String) async throws {
        let mail = try #require(EventMails.all[name])
        let fixture = ActionFixture(now: Self.now)
        _ = await fixture.perform(
            .invoke(handler: "ticket", type: .event, topic: nil, onFailure: .hold), on: mail)
        let invocation = try #require(fixture.invoker.invocations.first)
        try golden("lambda-\(name)", invocation.event)
    }

    /// A mail in a file reads as one in a row.
    @Test(arguments: EventMails.all.keys.sorted())
    func theSameFromAFile(_ name: String) async throws {
        var mail = try #require(EventMails.all[name])
        mail.isInFile = true
        let fixture = ActionFixture(now: Self.now)
        fixture.bodies.hold(mail.content)
        _ = await fixture.perform(
            .invoke(handler: "ticket", type: .event, topic: nil, onFailure: .hold), on: mail)
        let invocation = try #require(fixture.invoker.invocations.first)
        let expected = try ProjectFiles.text(ProjectFiles.fixture("actions/lambda-\(name).json"))
        #expect(try JSONText.pretty(invocation.event) == expected)
    }

    // MARK: Actions

    static let told: [String: ReceiptAction] = [
        "store": .store(bucket: "mail", prefix: nil, topic: "received", onFailure: .hold),
        "store-prefix": .store(
            bucket: "mail", prefix: "support/in", topic: "received", onFailure: .hold),
        "invoke-event": .invoke(
            handler: "ticket", type: .event, topic: "received", onFailure: .hold),
        "invoke-answer": .invoke(
            handler: "ticket", type: .requestResponse, topic: "received", onFailure: .hold),
        "notify-utf-8": .notify(topic: "received", encoding: .utf8),
        "notify-base64": .notify(topic: "received", encoding: .base64),
        "stop": .stop(topic: "received"),
    ]

    /// The notification of each action, of the plain mail.
    @Test(arguments: told.keys.sorted())
    func tellsOfAnAction(_ name: String) async throws {
        let action = try #require(Self.told[name])
        let mail = try #require(EventMails.all["plain"])
        let fixture = ActionFixture()
        let result = await fixture.perform(action, on: mail)
        #expect(result.ending == .done(.continueOn))
        #expect(result.deliveries.map(\.subscriber) == ["log", "web"])
        let message = try #require(result.deliveries.first?.message)
        #expect(message.subject == "Amazon SES Email Receipt Notification")
        #expect(result.deliveries.allSatisfy { $0.message == message })
        try golden("notification-\(name)", message.message.utf8)
    }

    /// Only `notify` sends the mail itself.
    @Test(arguments: told.keys.sorted())
    func contentIsForNotifyAlone(_ name: String) async throws {
        let result = await ActionFixture().perform(try #require(Self.told[name]))
        let message = try ActionFixture.message(result)
        #expect((message["content"] != nil) == name.hasPrefix("notify"))
        #expect(message["contentOmitted"] == nil)
    }

    @Test func anActionWithoutATopicTellsNobody() async {
        let fixture = ActionFixture()
        let actions: [ReceiptAction] = [
            .store(bucket: "mail", prefix: nil, topic: nil, onFailure: .hold),
            .invoke(handler: "ticket", type: .event, topic: nil, onFailure: .hold),
            .addHeader(name: "X-A", value: "b"), .stop(topic: nil),
        ]
        let results = await fixture.actions.perform(actions.map { TestMail().task($0) })
        #expect(
            results.map(\.ending) == [
                .done(.continueOn), .done(.continueOn), .done(.continueOn), .done(.continueOn),
            ])
        #expect(results.allSatisfy { $0.deliveries.isEmpty })
    }

    // MARK: Truncation

    /// Bytes of one header line as SES counts them: name, colon, space, value, line end.
    private func event(headers: [Int], isInFile: Bool = false) async throws -> [String: Any] {
        var text = ""
        for (index, bytes) in headers.enumerated() {
            text += "X-\(index): " + String(repeating: "x", count: bytes - 7) + "\r\n"
        }
        var mail = TestMail(text + "Subject: last\r\n\r\nbody")
        mail.isInFile = isInFile
        let fixture = ActionFixture()
        fixture.bodies.hold(mail.content)
        _ = await fixture.perform(
            .invoke(handler: "ticket", type: .event, topic: nil, onFailure: .hold), on: mail)
        let event = try JSONText.object(
            try #require(fixture.invoker.invocations.first).event)
        let records = try #require(event["Records"] as? [[String: Any]])
        let ses = try #require(records.first?["ses"] as? [String: Any])
        return try #require(ses["mail"] as? [String: Any])
    }

    private func names(_ mail: [String: Any]) throws -> [String] {
        try #require(mail["headers"] as? [[String: String]]).map { $0["name"] ?? "" }
    }

    @Test func tenKilobytesOfHeadersFit() async throws {
        // `Subject: last` and its line end are 15.
        let mail = try await event(headers: [10_000, EventLimits.headerBytesMax - 10_000 - 15])
        #expect(try names(mail) == ["X-0", "X-1", "Subject"])
        #expect(mail["headersTruncated"] as? Bool == false)
    }

    @Test func aByteMoreDoesNot() async throws {
        let mail = try await event(headers: [10_000, EventLimits.headerBytesMax - 10_000 - 14])
        #expect(try names(mail) == ["X-0", "X-1"])
        #expect(mail["headersTruncated"] as? Bool == true)
    }

    @Test(arguments: [false, true])
    func theCommonHeadersAreThereAllTheSame(isInFile: Bool) async throws {
        let mail = try await event(headers: [60_000], isInFile: isInFile)
        #expect(try names(mail) == [])
        #expect(mail["headersTruncated"] as? Bool == true)
        let common = try #require(mail["commonHeaders"] as? [String: Any])
        #expect(common["subject"] as? String == "last")
    }

    /// Each address counts with its quotes and comma; one that does not fit is left out whole.
    @Test(arguments: [(10_240 - 3 - 12, false), (10_240 - 3 - 11, true)])
    func destinationsHaveTenKilobytes(bytes: Int, isTruncated: Bool) async throws {
        let long = String(repeating: "x", count: bytes - 10) + "@b.example"
        let fixture = ActionFixture()
        let result = await fixture.perform(
            .stop(topic: "received"), on: TestMail("To: \(long), a@b.demo1\r\n\r\nbody"))
        let message = try ActionFixture.message(result)
        let object = try #require(message["mail"] as? [String: Any])
        #expect(object["destination"] as? [String] == (isTruncated ? [long] : [long, "a@b.demo1"]))
    }

    @Test func whatDoesNotFitIntoTheCommonHeadersIsSaid() async throws {
        let to = String(repeating: "a@b.example, ", count: 2_000)
        let result = await ActionFixture().perform(
            .stop(topic: "received"), on: TestMail("Subject: s\r\nTo: \(to)\r\n\r\nbody"))
        let message = try ActionFixture.message(result)
        let object = try #require(message["mail"] as? [String: Any])
        let common = try #require(object["commonHeaders"] as? [String: Any])
        #expect(common["subject"] as? String == "s")
        #expect(try #require(common["to"] as? [String]).count < 10_240 / 14)
        #expect(try #require(object["destination"] as? [String]).count == 10_240 / 14)
        #expect(object["headersTruncated"] as? Bool == true)
    }

    /// However long the header section is: no address of it is cut in its middle.
    @Test(arguments: [65_000, 65_510, 65_520, 65_530, 65_540, 100_000])
    func noAddressIsCut(before bytes: Int) async throws {
        let long = "X-Long: " + String(repeating: "x", count: bytes) + "\r\n"
        var mail = TestMail(long + "To: somebody@demo.example, other@demo.example\r\n\r\nbody")
        mail.isInFile = true
        let fixture = ActionFixture()
        fixture.bodies.hold(mail.content)
        let result = await fixture.perform(.stop(topic: "received"), on: mail)
        let message = try ActionFixture.message(result)
        let object = try #require(message["mail"] as? [String: Any])
        let common = try #require(object["commonHeaders"] as? [String: Any])
        #expect(common["to"] as? [String] == ["somebody@demo.example", "other@demo.example"])
        #expect(
            object["destination"] as? [String] == ["somebody@demo.example", "other@demo.example"])
    }
}
