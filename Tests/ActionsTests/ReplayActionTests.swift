import Actions
import MailModel
import RuleEngine
import Storage
import TestSupport
import Testing

/// What a mail that is run again looks like to whoever gets it.
@Suite struct ReplayActionTests {
    private static let original = MailID(
        at: Timestamp(milliseconds: 1_565_040_000_000), random: CountingRandom())

    private func task(
        _ action: ReceiptAction, isAsNew: Bool = false, sends: Bool = false
    ) -> ActionTask {
        var task = TestMail().task(action)
        task.mail.replay = ReplayMark(
            replay: 3, original: Self.original,
            messageID: isAsNew ? task.mail.id : Self.original, sends: sends)
        return task
    }

    @Test(arguments: [false, true])
    func isTheMailThatWasSeenUnlessItIsNew(isAsNew: Bool) async throws {
        let task = task(.notify(topic: "received", encoding: .utf8), isAsNew: isAsNew)
        let known = isAsNew ? task.mail.id : Self.original
        #expect(task.stableID == "\(known)/rule/0")
        #expect(task.runID == "\(task.mail.id)/rule/0")
        let message = try ActionFixture.message(await ActionFixture().perform(task))
        let mail = try #require(message["mail"] as? [String: Any])
        #expect(mail["messageId"] as? String == known.text)
        let receipt = try #require(message["receipt"] as? [String: Any])
        let replay = try #require(receipt["replay"] as? [String: Any])
        #expect(replay["number"] as? Int == 3)
        #expect(replay["originalMessageId"] as? String == Self.original.text)
        #expect(replay["timestamp"] as? String == task.mail.id.time.iso8601Text)
    }

    @Test func isStoredUnderTheKeyOfTheFirst() async throws {
        let fixture = ActionFixture()
        let task = task(.store(bucket: "mail", prefix: "a", topic: nil, onFailure: .hold))
        #expect(await fixture.perform(task).detail == "mail/a/\(Self.original)")
    }

    @Test(arguments: [false, true])
    func sendsNothingUnlessThatIsAskedFor(sends: Bool) async {
        let result = await ActionFixture().perform(task(.relay(to: "boxes"), sends: sends))
        #expect(
            result.detail
                == (sends ? "nothing is sent from here" : "nothing is sent: this is a replay"))
    }
}
