import MailModel
import NIOCore
import RuleEngine
import Storage
import TestSupport
import Testing

// `@testable`: what a queue holds is the runner's affair alone.
@testable import MailFlow

@Suite struct ActionQueueTests {
    private static func mail(
        _ number: Int, contentBytes: Int? = nil, recipients: Int = 1, actions: Int = 0
    ) throws -> WaitingMail {
        let mailboxes = try (0..<recipients).map {
            try #require(Mailbox("r\($0)@ours.example"))
        }
        let record = MailRecord(
            id: MailID(at: Timestamp(milliseconds: Int64(number)), random: CountingRandom()),
            account: .main, receivedAt: Timestamp(milliseconds: 0), state: .acting,
            envelope: ReceivedEnvelope(
                mailFrom: .null, recipients: mailboxes, helo: "", peerAddress: "192.0.2.1",
                tls: nil, isExtended: true, isSMTPUTF8: false, is8BitMIME: false),
            ruleSetVersion: "", isUntaken: false, bodyPlace: .row, headLength: 0,
            totalLength: contentBytes ?? 0, checksum: 0)
        let keys = (0..<actions).map { ActionKey(rule: "r", position: $0) }
        let journal = keys.map { key in
            ActionRecord(
                mail: record.id, key: key, kind: "store", state: .done, attempts: 1,
                firstAttemptAt: record.receivedAt, lastAttemptAt: record.receivedAt,
                nextAttemptAt: nil, disposition: .continueOn, detail: "")
        }
        return WaitingMail(
            record: record,
            content: contentBytes.map { ByteBuffer(repeating: 0x61, count: $0) },
            actions: Dictionary(uniqueKeysWithValues: zip(keys, journal)))
    }

    @Test func takesUpToItsCountOfMails() throws {
        let queue = ActionQueue(waitingMax: 2)
        for number in 1...3 { queue.offer(try Self.mail(number)) }
        #expect(queue.isFull && !queue.hasPlace)
        #expect(queue.take(3).count == 2)
        #expect(!queue.isFull && queue.hasPlace)
        #expect(queue.take(3).isEmpty)
    }

    @Test func takesUpToItsBytesOfContent() throws {
        let queue = ActionQueue(waitingBytesMax: 30)
        queue.offer(try Self.mail(1, contentBytes: 20))
        queue.offer(try Self.mail(2, contentBytes: 11))
        #expect(queue.waitingCount == 1)
        queue.offer(try Self.mail(3, contentBytes: 10))
        #expect(queue.waitingCount == 2 && queue.isFull && queue.hasPlace)
        // There is a place for it, and its content is read again.
        queue.putBack(try Self.mail(4, contentBytes: 5))
        #expect(queue.take(9).map(\.content?.readableBytes) == [20, 10, nil])
        #expect(!queue.isFull)
    }

    /// A mail that was done for many recipients has a journal that weighs more than its content.
    @Test func takesUpToItsBytesOfJournals() throws {
        let heavy = try Self.mail(1, recipients: 10, actions: 10)
        let light = try Self.mail(2)
        #expect(heavy.rowBytes == light.rowBytes + 9 * 128 + 10 * 512)
        let queue = ActionQueue(rowBytesMax: heavy.rowBytes + 1)
        queue.putBack(heavy)
        #expect(queue.hasPlace)
        queue.putBack(light)
        #expect(!queue.hasPlace && queue.isFull)
        queue.offer(try Self.mail(3))
        #expect(queue.take(9).map(\.record.id) == [heavy.record.id, light.record.id])
        #expect(queue.hasPlace && !queue.isFull)
    }

    /// What an answer asks for is kept with the mail, too.
    @Test func countsWhatAnswersAskFor() throws {
        var mail = try Self.mail(1, actions: 1)
        let before = mail.rowBytes
        let key = try #require(mail.actions.keys.first)
        mail.actions[key]?.asks = [.tag(name: "a", value: "b")]
        mail.actions[key]?.detail = "sent"
        #expect(mail.rowBytes == before + 1_024 + 4)
        let reply = ReceiptReply(
            subject: "", text: String(repeating: "ü", count: 500), html: "<p>ü</p>", identity: nil,
            everyDays: 7, isOnlyWhereNamed: true)
        mail.actions[key]?.asks = [.reply(reply), .reply(reply)]
        #expect(mail.rowBytes == before + 2 * (1_024 + 1_009) + 4)
        mail.record.verdicts = VerdictRecord()
        mail.record.verdicts?.headerFields = "X: y\r\n"
        #expect(mail.rowBytes == before + 2 * (1_024 + 1_009) + 4 + 6)
    }
}
