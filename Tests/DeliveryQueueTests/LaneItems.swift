import MailModel
import NIOCore
import Storage
import TestSupport
import Testing

@testable import DeliveryQueue

/// What the tests of lanes make and count, at the time where manual clocks begin.
protocol LaneItems {}

extension LaneItems {
    var now: Timestamp { ManualTime().now() }

    /// So many to each.
    func offer(_ count: Int, to names: [String], _ lanes: inout Lanes) {
        for name in names {
            let first = name.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xff_ffff_ffff } * 1_000
            for number in 0..<count { _ = lanes.offer(item(first + number, to: name), now: now) }
        }
    }

    /// Begins whatever finds a place.
    func beginAll(_ lanes: inout Lanes) -> [String: [QueueItem]] {
        var begun: [QueueItem] = []
        while let item = lanes.next(now: now) { begun.append(item) }
        let goesOn = lanes.hasNext(now: now)
        #expect(!goesOn)
        return Dictionary(grouping: begun, by: \.queued.recipient.destination)
    }

    /// As many at once for each destination.
    func limits(triesMax: Int = 200, width: Int) -> DeliveryLimits {
        DeliveryLimits(
            triesMax: triesMax, widthStart: width,
            paces: DeliveryPaces(standard: DeliveryPace(widthMax: width)))
    }

    /// Due now; its time is over in a minute.
    func item(
        _ position: Int, to domain: String = "one.example", head: String = ""
    ) -> QueueItem {
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
                validatedLocalPart: "a", domain: Domain(validatedASCII: domain)),
            destination: domain, dueAt: now, expiresAt: now.advanced(bySeconds: 60))
        return QueueItem(
            queued: QueuedRecipient(mail: mail, recipient: recipient),
            askedAt: Timestamp(milliseconds: 0), body: nil)
    }
}
