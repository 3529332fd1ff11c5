import Accounts
import DeliveryQueue
import Foundation
import MailFlow
import MailModel
import NIOCore
import RuleEngine
import SQLStorage
import Storage
import Synchronization
import TestSupport
import Testing
import Topics

/// Mails that were sent, and what comes back of them.
extension Acting {
    static let domain = Domain(validatedASCII: "mx.ours.test")

    /// A server that sends and tells the topic `sent`, and whose rules store what they are given.
    static func sending(judge: (any MailJudge)? = nil) async throws -> Acting {
        try await Acting(
            [
                ReceiptRule(
                    name: "all", isEnabled: true, tlsPolicy: .optional, recipients: [],
                    actions: [.store(bucket: "mail", prefix: nil, topic: nil, onFailure: .hold)],
                    isScanEnabled: false)
            ], topics: ["sent": [Subscriber(name: "log", endpoint: .file(path: "sent"))]],
            judge: judge, sends: true)
    }

    var office: SendingOffice { office(eventsTopic: "sent") }

    func office(
        eventsTopic: String?, returnDomain: Domain = Acting.domain
    ) -> SendingOffice {
        var settings = SendingSettings(
            hostname: Self.domain, region: "us-east-1", accountNumber: "000000000000",
            returnDomain: returnDomain, messageIDDomain: Self.domain)
        settings.eventsTopic = eventsTopic
        settings.simulator = MailboxSimulator(under: Self.domain)
        return SendingOffice(
            settings: settings, senders: receiving.sendingIdentities, tokens: Receiving.tokens,
            topics: directory, routes: RouteTable(), plans: RetryPlans(), time: receiving.time,
            random: receiving.random)
    }

    /// Nil where nothing is sent.
    var feedback: FeedbackFlow? {
        receiving.returnPaths.map {
            FeedbackFlow(
                returnPaths: $0, office: office, store: receiving.store, bodies: receiving.bodies,
                log: NoFeedbackLog(), onDeliveries: {})
        }
    }

    /// A mail that was taken to be sent, and is in this state now. `body`: is still kept, for another
    /// recipient that waits.
    func send(
        to address: String = "gone@far.example", state: SentRecipient.State = .delivered,
        notification: DeliveryNotification = DeliveryNotification(), body: ByteBuffer? = nil
    ) async throws -> QueuedRecipient {
        let (now, random) = (receiving.time.now(), receiving.random)
        let sender = try #require(Mailbox("shop@ours.example"))
        let recipient = try #require(Mailbox(address))
        let id = MessageID(at: now, random: random)
        let head = ByteBuffer(string: "From: shop@ours.example\r\nSubject: Order\r\n\r\n")
        var checksum = Checksum()
        checksum.update(head)
        if let body { checksum.update(body) }
        let mail = SentMailRecord(
            id: id, bodyID: MailID(at: now, random: random), account: .main, acceptedAt: now,
            state: state == .queued || body != nil ? .queued : .ended,
            facts: SendingFacts(
                operation: "SendRawEmail", sourceIP: "192.0.2.9", caller: "shop",
                identity: "ours.example"),
            sender: .mailbox(sender), returnDomain: Self.domain,
            head: head, bodyPlace: body == nil ? .expired : .row,
            bodyLength: body?.readableBytes ?? 0, checksum: checksum.value, is8Bit: false,
            isSMTPUTF8: false)
        let row = SentRecipient(
            key: SentRecipient.Key(mail: id, position: 0), address: recipient,
            destination: recipient.domain.ascii, state: state, dueAt: now,
            expiresAt: now.advanced(bySeconds: 259_200), detail: "250 2.0.0 Ok",
            notification: notification)
        var other = row
        other.key.position = 1
        other.state = .queued
        let sending = AcceptedSending(
            mail: mail, recipients: body == nil ? [row] : [row, other], body: body)
        _ = try await withCheckedThrowingContinuation { continuation in
            receiving.store.accept(sending) { continuation.resume(with: $0) }
        }
        return QueuedRecipient(mail: mail, recipient: row)
    }

    func returnPath(of queued: QueuedRecipient) -> String {
        guard case .mailbox(let path) = office.returnPath(of: queued) else { return "" }
        return path.wireText
    }

    func recipient(_ queued: QueuedRecipient) async throws -> SentRecipient {
        try #require(try await receiving.store.recipients(of: queued.mail.id).first)
    }

    func listed(_ address: String = "gone@far.example") async throws -> SuppressionRecord? {
        try await receiving.store.suppression(address, in: .account(.main))
    }

    /// Messages to the topic, oldest first.
    func events() async throws -> [[String: Any]] {
        let waiting = try await receiving.store.dueDeliveries(
            at: receiving.time.now(), limit: 100, excluding: [])
        return try waiting.map { delivery in
            try #require(
                try JSONSerialization.jsonObject(with: Data(delivery.message.message.utf8))
                    as? [String: Any])
        }
    }

    /// `Bounce Permanent/General` for each event.
    func kinds() async throws -> [String] {
        try await events().map { event in
            let kind = event["eventType"] as? String ?? ""
            guard let bounce = event["bounce"] as? [String: Any] else { return kind }
            return "\(kind) \(bounce["bounceType"] ?? "")/\(bounce["bounceSubType"] ?? "")"
        }
    }

    /// Of all bounces that the topic was told of.
    func bouncedRecipients() async throws -> [[String: Any]] {
        try await events().flatMap { event in
            let bounce = event["bounce"] as? [String: Any]
            return bounce?["bouncedRecipients"] as? [[String: Any]] ?? []
        }
    }

    /// Mails of ours that wait to be sent.
    func reports() async throws -> Int {
        try await receiving.store.list(SendingFilter()).filter { queued in
            queued.mail.sender == .null && queued.recipient.address == Mailbox("shop@ours.example")
        }.count
    }
}

struct NoFeedbackLog: FeedbackLog {
    func told(_ news: FeedbackNews, of queued: QueuedRecipient, by report: MailID) {}
}
