import Events
import MailModel
import TestSupport

/// Sent mails of these tests, and what happened to them.
enum SentMails {
    static let acceptedAt = Timestamp(milliseconds: 1_790_000_000_123)
    static let id = MessageID(at: acceptedAt, random: CountingRandom())
    static let feedbackID = MessageID(
        at: acceptedAt.advanced(bySeconds: 60), random: CountingRandom())

    static func mail(
        head: String = plain, source: ReversePath = .mailbox(mailbox("sender@example.com")),
        sendersMessageID: String? = "<mine@example.com>", sourceIP: String? = "192.0.2.1",
        configurationSet: String? = "ConfigSet",
        tags: [String: [String]] = ["campaign": ["spring", "sale"]], outgoingIP: String? = nil,
        recipients: [Mailbox] = [mailbox("recipient@example.com")]
    ) -> SentMail {
        SentMail(
            id: id, acceptedAt: acceptedAt, source: source,
            identityARN: "arn:aws:ses:us-east-1:123456789012:identity/example.com",
            account: "123456789012", recipients: recipients,
            head: HeaderBlock(Array(head.replacing("\n", with: "\r\n").utf8)[...]),
            sendersMessageID: sendersMessageID,
            origin: SentMail.Origin(
                operation: "SendRawEmail", sourceIP: sourceIP, caller: "ses_user",
                configurationSet: configurationSet, tags: tags), outgoingIP: outgoingIP)
    }

    static func mailbox(_ text: String) -> Mailbox {
        guard let mailbox = Mailbox(text) else { preconditionFailure("\(text) is none") }
        return mailbox
    }

    static let plain = """
        DKIM-Signature: v=1; a=rsa-sha256; d=example.com
        DKIM-Signature: v=1; a=ed25519-sha256; d=example.com
        Received: from client (client [192.0.2.1]) by mx.ours.example
        Received: from older by client
        From: =?utf-8?q?Gr=C3=BC=C3=9Fe?= <sender@example.com>
        To: R <recipient@example.com>
        Cc: copy@example.com
        Reply-To: answers@example.com
        Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
        Date: Mon, 21 Sep 2026 14:13:20 +0000
        Message-ID: <ours@service.example>


        """

    static let full = EnhancedStatus(class: 4, subject: 2, detail: 2)
    static let unknown = EnhancedStatus(class: 5, subject: 1, detail: 1)

    static let events: [String: SendingEvent] = [
        "send": .send,
        "delivery": .delivery(
            SendingEvent.Delivery(
                at: acceptedAt.advanced(bySeconds: 12), processingMilliseconds: 12_000,
                recipients: [mailbox("recipient@example.com")],
                reply: "250 2.6.0 Message received", reportingMTA: "mx.ours.example",
                remoteIP: "192.0.2.9")),
        "bounce": .bounce(
            SendingEvent.Bounce(
                id: feedbackID, at: acceptedAt.advanced(bySeconds: 60),
                type: BounceType(.permanent, .general),
                recipients: [
                    SendingEvent.Recipient(
                        "recipient@example.com", status: unknown, reply: "550 5.1.1 unknown")
                ], reportingMTA: "mx.example.com")),
        "bounce-suppressed": .bounce(
            SendingEvent.Bounce(
                id: feedbackID, at: acceptedAt,
                type: BounceType(.permanent, .onAccountSuppressionList),
                recipients: [
                    SendingEvent.Recipient(
                        "recipient@example.com", status: unknown,
                        detail: "The address is on the suppression list of the account.")
                ])),
        "complaint": .complaint(
            SendingEvent.Complaint(
                id: feedbackID, at: acceptedAt.advanced(bySeconds: 60),
                recipients: ["recipient@example.com", "other@example.com"],
                userAgent: "Reports/1.0", feedbackType: "abuse",
                arrivedAt: acceptedAt.advanced(bySeconds: 30))),
        "complaint-suppressed": .complaint(
            SendingEvent.Complaint(
                id: feedbackID, at: acceptedAt, recipients: ["recipient@example.com"],
                subtype: .onAccountSuppressionList)),
        "delay": .deliveryDelay(
            SendingEvent.DeliveryDelay(
                at: acceptedAt.advanced(bySeconds: 60), type: .mailboxFull,
                expiresAt: acceptedAt.advanced(bySeconds: 259_200),
                recipients: [
                    SendingEvent.Recipient(
                        "recipient@example.com", status: full, reply: "452 4.2.2 full")
                ], reportingMTA: "mx.example.com")),
        "reject": .reject,
    ]
}
