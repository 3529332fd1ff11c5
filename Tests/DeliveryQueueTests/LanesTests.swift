import MailModel
import NIOCore
import Storage
import TestSupport
import Testing

@testable import DeliveryQueue

@Suite struct LanesTests {
    private let now = ManualTime().now()

    /// What the store answers may be from before a try has ended: it is not made again for that.
    @Test func whatEndedWhileTheStoreWasAskedIsNotTriedAgain() {
        var lanes = Lanes(limits: DeliveryLimits(fetchMax: 1))
        let (first, second) = (item(0), item(1))
        lanes.open(DestinationRecord(name: "one.example", dueAt: now))
        let asked = lanes.beginFetch("one.example")
        #expect(asked == 1)
        // As many as were asked for: there may be others.
        var need = lanes.endFetch("one.example", [first], asked: 1)
        #expect(need == .fetch)
        var next = lanes.next(now: now)
        #expect(next?.key == first.key)
        let again = lanes.beginFetch("one.example")
        #expect(again == 2)
        lanes.ended(first, .answers)
        need = lanes.written(first)
        #expect(need == .nothing)
        need = lanes.endFetch("one.example", [first, second], asked: 2)
        #expect(need == .fetch)
        next = lanes.next(now: now)
        #expect(next?.key == second.key)
        next = lanes.next(now: now)
        #expect(next == nil)
    }

    /// Somebody comes while the store is asked, finds no room, and is not in its answer.
    @Test func whoFindsNoRoomWhileTheStoreIsAskedIsAskedFor() throws {
        var lanes = Lanes(limits: DeliveryLimits(waitingMax: 1))
        lanes.open(DestinationRecord(name: "one.example", dueAt: now))
        let question = lanes.beginFetch("one.example")
        let asked = try #require(question)
        let taken = (lanes.offer(item(0), now: now), lanes.offer(item(1), now: now))
        #expect(taken == (true, false))
        let need = lanes.endFetch("one.example", [], asked: asked)
        #expect(need == .fetch)
    }

    @Test func whoAskedForLessGetsLessWhenItIsAtWorkAgain() {
        var lanes = Lanes(limits: DeliveryLimits(widthStart: 8, widthMax: 8))
        let first = item(0)
        let record = DestinationRecord(name: "one.example", dueAt: now)
        lanes.open(record, mayHaveMore: false)
        #expect(lanes.lanes["one.example"]?.width == 8)
        let isTaken = lanes.offer(first, now: now)
        let next = lanes.next(now: now)
        #expect(isTaken && next?.key == first.key)
        lanes.ended(first, .asksForLess)
        let need = lanes.written(first)
        #expect(need == .settle(record))
        lanes.close(record)
        lanes.open(record)
        #expect(lanes.lanes["one.example"]?.width == 4)
    }

    /// A lane that is never idle is not opened anew by what is due in the store.
    @Test func whoBecomesDueWhileItIsAtWorkIsAskedFor() {
        var lanes = Lanes(limits: DeliveryLimits())
        let isTaken = lanes.offer(item(0), now: now)
        let next = lanes.next(now: now)
        #expect(isTaken && next != nil)
        for (seconds, expected) in [(0, 0), (59, 0), (60, 1), (61, 0)] {
            let needs = lanes.lookAgain(now: now.advanced(bySeconds: Int64(seconds)))
            #expect(needs.map(\.need) == Array(repeating: .fetch, count: expected))
            if expected > 0 {
                let asked = lanes.beginFetch("one.example")
                #expect(asked != nil)
                _ = lanes.endFetch("one.example", [], asked: asked ?? 0)
            }
        }
    }

    /// What has no room in memory opens no lane that nobody would close.
    @Test func whatHasNoRoomStaysInTheStore() {
        var lanes = Lanes(limits: DeliveryLimits(bytesMax: 5))
        let isTaken = lanes.offer(item(0, head: "123456"), now: now)
        #expect(!isTaken)
        #expect(lanes.names.isEmpty)
    }

    /// Mails whose time is over before they are tried do not make a dead destination a live one.
    @Test func whatWasNotTriedSaysNothingOfItsDestination() throws {
        var lanes = Lanes(limits: DeliveryLimits())
        var record = DestinationRecord(name: "one.example", dueAt: now)
        record.failures = 3
        lanes.open(record)
        var asked = lanes.beginFetch("one.example")
        #expect(asked == 1)
        var need = lanes.endFetch("one.example", [item(0)], asked: 1)
        #expect(need == .nothing)
        let next = lanes.next(now: now)
        let tried = try #require(next)
        lanes.ended(tried, .nothing)
        need = lanes.written(tried)
        #expect(need == .fetch)
        asked = lanes.beginFetch("one.example")
        #expect(asked == 1)
        need = lanes.endFetch("one.example", [], asked: 1)
        #expect(need == .settle(record))
    }

    private func item(_ position: Int, head: String = "") -> QueueItem {
        let id = MessageID(at: now, random: CountingRandom())
        let mail = SentMailRecord(
            id: id, bodyID: MailID(at: now, random: CountingRandom()), account: .main,
            acceptedAt: now,
            facts: SendingFacts(
                operation: "SendRawEmail", sourceIP: nil, caller: "test", identity: "ours.example"),
            sender: .null, returnDomain: Domain(validatedASCII: "ours.example"),
            head: ByteBuffer(string: head), bodyPlace: .row, bodyLength: 0, checksum: 0,
            is8Bit: false, isSMTPUTF8: false)
        let recipient = SentRecipient(
            key: SentRecipient.Key(mail: id, position: position),
            address: Mailbox(
                validatedLocalPart: "a", domain: Domain(validatedASCII: "one.example")),
            destination: "one.example", dueAt: now, expiresAt: now.advanced(bySeconds: 60))
        return QueueItem(queued: QueuedRecipient(mail: mail, recipient: recipient), body: nil)
    }
}
