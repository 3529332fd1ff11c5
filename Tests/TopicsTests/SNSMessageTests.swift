import Foundation
import MailModel
import Storage
import Synchronization
import Testing
import Topics

/// What is signed of a message, to the letter. SNS: “verifying the signatures of Amazon SNS
/// messages”.
@Suite struct SNSMessageTests {
    /// Its signatures say what was signed.
    private final class Recorder: MessageSigner {
        let signed = Mutex<[(text: String, version: SignatureVersion)]>([])
        let certificatePath = "/cert.pem"

        func signature(of bytes: [UInt8], _ version: SignatureVersion) -> [UInt8] {
            signed.withLock { $0.append((String(decoding: bytes, as: UTF8.self), version)) }
            return [0xFB, 0xFF, 0x00]
        }
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let kind: TopicMessage.Kind
        var subject: String?
        let signed: String
        let members: [String: String]
        var testDescription: String { "\(kind.rawValue) \(subject ?? "")" }
    }

    private static let asked = """
        Message
        Grüße "an\\alle"
        zwei
        MessageId
        m1
        SubscribeURL
        https://sns.example/?Action=ConfirmSubscription&TopicArn=arn:t&Token=secret
        Timestamp
        2026-11-25T04:05:06.007Z
        Token
        secret
        TopicArn
        arn:t
        Type

        """

    private static let told = """
        Timestamp
        2026-11-25T04:05:06.007Z
        TopicArn
        arn:t
        Type
        Notification

        """

    private static let message = "Message\nGrüße \"an\\alle\"\nzwei\nMessageId\nm1\n"
    private static let link =
        "https://sns.example/?Action=ConfirmSubscription&TopicArn=arn:t&Token=secret"
    private static let end = [
        "UnsubscribeURL": "https://sns.example/?Action=Unsubscribe&SubscriptionArn=arn:t:id"
    ]
    private static let question = ["Token": "secret", "SubscribeURL": link]

    static let cases = [
        Case(kind: .notification, signed: message + told, members: end),
        Case(
            kind: .notification, subject: "Amazon SES Email Receipt Notification",
            signed: message + "Subject\nAmazon SES Email Receipt Notification\n" + told,
            members: end.merging(["Subject": "Amazon SES Email Receipt Notification"]) { $1 }),
        Case(
            kind: .subscriptionConfirmation, signed: asked + "SubscriptionConfirmation\n",
            members: question),
        Case(
            kind: .unsubscribeConfirmation, signed: asked + "UnsubscribeConfirmation\n",
            members: question),
    ]

    private static func delivery(_ kind: TopicMessage.Kind, _ subject: String?) -> TopicDelivery {
        let created = Timestamp(milliseconds: 1_795_579_506_007)
        return TopicDelivery(
            message: TopicMessage(
                id: "m1", kind: kind, topic: "t", subject: subject,
                message: "Grüße \"an\\alle\"\nzwei", createdAt: created),
            subscriber: "a", state: .waiting, attempts: 0, nextAttemptAt: created, lastError: nil)
    }

    private static let subscription = SubscriptionRecord(
        key: SubscriberKey(topic: "t", subscriber: "a"), url: "https://a.example/", id: "id",
        state: .confirmed, token: "secret", tokenExpiresAt: Timestamp(milliseconds: 0),
        changedAt: Timestamp(milliseconds: 0))

    private static func members(_ message: SNSMessage) throws -> [String: String] {
        try #require(
            JSONSerialization.jsonObject(with: Data(message.body)) as? [String: String])
    }

    @Test(arguments: cases, [SignatureVersion.sha1, .sha256])
    func signsToTheLetter(_ example: Case, _ version: SignatureVersion) throws {
        let recorder = Recorder()
        let message = try SNSMessage(
            Self.delivery(example.kind, example.subject), topicARN: "arn:t",
            subscription: Self.subscription, version,
            PublicSide(url: "https://sns.example", signer: recorder))
        let signed = recorder.signed.withLock { $0 }
        #expect(signed.map(\.text) == [example.signed])
        #expect(signed.map(\.version) == [version])
        let common = [
            "Type": example.kind.rawValue, "MessageId": "m1", "TopicArn": "arn:t",
            "Message": "Grüße \"an\\alle\"\nzwei", "Timestamp": "2026-11-25T04:05:06.007Z",
            "SignatureVersion": version.rawValue, "Signature": "+/8A",
            "SigningCertURL": "https://sns.example/cert.pem",
        ]
        #expect(try Self.members(message) == common.merging(example.members) { $1 })
        #expect(message.body.contains(UInt8(ascii: "\n")) == false)
        let isNamed = example.kind != .subscriptionConfirmation
        #expect(message.subscriptionARN == (isNamed ? "arn:t:id" : nil))
    }

    /// Without a public side it says nothing that would want one.
    @Test func isUnsignedWithoutAPublicSide() throws {
        let delivery = Self.delivery(.notification, nil)
        for message in [
            SNSMessage(delivery, topicARN: "arn:t"),
            try SNSMessage(
                delivery, topicARN: "arn:t", subscription: Self.subscription, .sha256, nil),
        ] {
            #expect(
                Set(try Self.members(message).keys) == [
                    "Type", "MessageId", "TopicArn", "Message", "Timestamp",
                ])
        }
    }
}
