import Foundation
import MailModel
import PublicWeb
import Storage
import Topics

extension FuzzTarget {
    /// A message for an endpoint: who reads its JSON as SNS says has the very string that was signed;
    /// that string can be read back, so that no two messages share one; and its links ask us for what
    /// they name. Besides: whatever a request asks of our public side.
    ///
    /// The first byte chooses the kind, the version and whether there is a public side. Then come the
    /// message, the subject, the topic, the token and the id, each up to a NUL.
    static let sns = FuzzTarget("sns") { bytes in
        try SNSForms.check(asked: String(decoding: bytes, as: UTF8.self))
        guard let first = bytes.first else { return }
        let parts = bytes.dropFirst().split(separator: 0, omittingEmptySubsequences: false)
        try SNSForms.check(SNSForms.Message(choices: first, parts))
    }
}

private enum SNSForms {
    static let url = "https://sns.ours.example"

    /// Signs what it is given with itself.
    struct Signer: MessageSigner {
        let certificatePath = "/SimpleNotificationService-0.pem"

        func signature(of bytes: [UInt8], _ version: SignatureVersion) throws -> [UInt8] {
            Array("\(version.rawValue):".utf8) + bytes
        }
    }

    struct Message {
        let delivery: TopicDelivery
        let topicARN: String
        let subscription: SubscriptionRecord
        let version: SignatureVersion
        let isSigned: Bool

        /// Only the message is free text. Names and tokens hold what the configuration and the random
        /// source can give them, and a subject is a line of ours.
        init(choices: UInt8, _ parts: [ArraySlice<UInt8>]) {
            func text(_ index: Int) -> String? {
                parts.indices.contains(index)
                    ? String(decoding: parts[index], as: UTF8.self) : nil
            }
            func word(_ index: Int, or other: String) -> String {
                let bytes = parts.indices.contains(index) ? Array(parts[index]) : []
                let allowed = bytes.filter {
                    Character(UnicodeScalar($0)).isASCII
                        && (Character(UnicodeScalar($0)).isLetter
                            || Character(UnicodeScalar($0)).isNumber || "-_.".utf8.contains($0))
                }
                return allowed.isEmpty ? other : String(decoding: allowed, as: UTF8.self)
            }
            let kinds: [TopicMessage.Kind] = [
                .notification, .subscriptionConfirmation, .unsubscribeConfirmation,
            ]
            let kind = kinds[Int(choices & 3) % kinds.count]
            let subject = text(1).map { $0.filter { !$0.isNewline } }
            let topic = word(2, or: "t")
            let time = Timestamp(milliseconds: Int64(choices) * 1_000_003)
            delivery = TopicDelivery(
                message: TopicMessage(
                    id: word(4, or: "i"), kind: kind, topic: topic,
                    subject: kind == .notification ? subject : nil, message: text(0) ?? "",
                    createdAt: time),
                subscriber: "s", state: .waiting, attempts: 0, nextAttemptAt: time, lastError: nil)
            topicARN = "arn:aws:sns:us-east-1:000000000000:\(topic)"
            subscription = SubscriptionRecord(
                key: SubscriberKey(topic: topic, subscriber: "s"), url: "https://e.example/",
                id: word(4, or: "i"), state: .pending, token: word(3, or: "k"),
                tokenExpiresAt: time, changedAt: time)
            version = choices & 4 == 0 ? .sha1 : .sha256
            isSigned = choices & 8 == 0
        }

        var subscriptionARN: String { "\(topicARN):\(subscription.id)" }
    }

    static func check(_ message: Message) throws {
        let side = message.isSigned ? PublicSide(url: url, signer: Signer()) : nil
        let made = try SNSMessage(
            message.delivery, topicARN: message.topicARN, subscription: message.subscription,
            message.version, side)
        try require(!made.body.contains(10), "more than a line")
        let members = try members(of: made.body)
        try checkMembers(members, message)
        guard message.isSigned else {
            let unsigned = SNSMessage(message.delivery, topicARN: message.topicARN)
            return try requireEqual(unsigned.body, made.body, "a message that nobody signs")
        }
        try checkSignature(members, message)
        try checkLinks(members, message)
    }

    /// By another reader of JSON than the writer's.
    private static func members(of body: [UInt8]) throws -> [String: [UInt8]] {
        let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: String]
        guard let object else { throw FuzzFind("JSON that cannot be read") }
        return object.mapValues { Array($0.utf8) }
    }

    private static func checkMembers(_ members: [String: [UInt8]], _ message: Message) throws {
        let told = message.delivery.message
        var expected = [
            "Type": told.kind.rawValue, "MessageId": told.id, "TopicArn": message.topicARN,
            "Message": told.message, "Timestamp": told.createdAt.iso8601Text,
        ]
        expected["Subject"] = told.subject
        let rest = Set(members.keys).subtracting(expected.keys)
        for (name, text) in expected {
            try requireEqual(members[name] ?? [], Array(text.utf8), name)
        }
        var names: Set<String> = ["Signature", "SignatureVersion", "SigningCertURL"]
        names.formUnion(
            told.kind == .notification ? ["UnsubscribeURL"] : ["SubscribeURL", "Token"])
        try requireEqual(rest, message.isSigned ? names : [], "the names of the others")
    }

    // MARK: Signature

    /// SNS: “verifying the signatures of Amazon SNS messages”: the names for each type, in order.
    private static func names(isNotification: Bool) -> [String] {
        isNotification
            ? ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
            : ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    }

    private static func checkSignature(_ members: [String: [UInt8]], _ message: Message) throws {
        let names = names(isNotification: message.delivery.message.kind == .notification)
        var signed: [UInt8] = []
        for name in names {
            if let value = members[name] { signed += Array("\(name)\n".utf8) + value + [10] }
        }
        let signature = Data(base64Encoded: Data(members["Signature"] ?? []))
        let version = Array("\(message.version.rawValue):".utf8)
        try requireEqual(signature.map(Array.init), version + signed, "the signature")
        try requireEqual(
            members["SignatureVersion"] ?? [], Array(message.version.rawValue.utf8), "its version")
        try requireEqual(
            try read(signed, names), members.filter { names.contains($0.key) },
            "what was signed, read back")
    }

    /// The members in a string that was signed, from its end: all but the message are one line each.
    private static func read(
        _ signed: [UInt8], _ names: [String]
    ) throws -> [String: [UInt8]] {
        var lines = signed.split(separator: 10, omittingEmptySubsequences: false)
        var members: [String: [UInt8]] = [:]
        try require(lines.popLast()?.isEmpty ?? false, "no line end at the end")
        for name in names.dropFirst().reversed() where lines.count >= 2 {
            guard lines[lines.count - 2].elementsEqual(name.utf8) else { continue }
            members[name] = lines.popLast().map(Array.init)
            lines.removeLast()
        }
        try require(lines.first?.elementsEqual("Message".utf8) ?? false, "no message")
        members["Message"] = Array(lines.dropFirst().joined(separator: [10]))
        return members
    }

    // MARK: Links

    private static func checkLinks(_ members: [String: [UInt8]], _ message: Message) throws {
        let isNotification = message.delivery.message.kind == .notification
        let link = members[isNotification ? "UnsubscribeURL" : "SubscribeURL"] ?? []
        let text = String(decoding: link, as: UTF8.self)
        try require(text.hasPrefix(url + "/"), text)
        try require((try? WebURL(parsing: text)) != nil, "\(text) is no URL")
        try requireEqual(
            SNSAction(target: String(text.dropFirst(url.count))),
            isNotification
                ? .unsubscribe(subscriptionARN: message.subscriptionARN)
                : .confirm(topicARN: message.topicARN, token: message.subscription.token), text)
    }

    /// What was asked for, asked again with every byte escaped.
    static func check(asked query: String) throws {
        let action = SNSAction(target: "/?" + query)
        let again: String
        switch action {
        case .confirm(let topicARN, let token):
            again =
                "Action=ConfirmSubscription&TopicArn=\(escaped(topicARN))"
                + "&Token=\(escaped(token))"
        case .unsubscribe(let arn): again = "Action=Unsubscribe&SubscriptionArn=\(escaped(arn))"
        case .incomplete, .unknown: return
        }
        try requireEqual(SNSAction(target: "/?" + again), action, "asked again")
    }

    private static func escaped(_ text: String) -> String {
        text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
