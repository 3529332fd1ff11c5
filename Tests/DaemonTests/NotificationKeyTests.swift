import Crypto
import CryptoExtras
import Foundation
import MailModel
import Storage
import SwiftASN1
import TestSupport
import Testing
import Topics
import X509

@testable import Daemon

@Suite struct NotificationKeyTests {
    private static let day: Int64 = 86_400
    private static let start = Timestamp(milliseconds: 1_790_000_000_000)

    /// A folder that is removed after `body`.
    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body("\(folder)/sns")
    }

    private static func after(days: Int64, seconds: Int64 = 0) -> Timestamp {
        start.advanced(bySeconds: days * day + seconds)
    }

    private static func pems(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".pem") }
    }

    /// A certificate lives 365 days and has its successor 60 days before its end; both are served
    /// until then, and files go with their certificates.
    @Test func certificatesOverlap() throws {
        try inFolder { folder in
            let key = try NotificationKey(folder: folder, name: "sns.example", now: Self.start)
            let first = key.certificatePath
            #expect(first.hasPrefix("/SimpleNotificationService-") && first.hasSuffix(".pem"))
            try key.renew(
                at: Self.after(days: 304, seconds: 86_399),
                trusted: Self.after(days: 304, seconds: 86_399))
            #expect(key.certificatePath == first)
            try key.renew(at: Self.after(days: 305), trusted: Self.after(days: 305))
            let second = key.certificatePath
            #expect(second != first)
            try key.renew(at: Self.after(days: 306), trusted: Self.after(days: 306))
            #expect(key.certificatePath == second)
            try key.renew(
                at: Self.after(days: 364, seconds: 86_399),
                trusted: Self.after(days: 364, seconds: 86_399))
            #expect(key.pem(at: first) != nil && key.pem(at: second) != nil)
            #expect(try Self.pems(in: folder).count == 2)
            try key.renew(at: Self.after(days: 365), trusted: Self.after(days: 365))
            #expect(key.pem(at: first) == nil && key.pem(at: second) != nil)
            #expect(try Self.pems(in: folder) == [String(second.dropFirst())])
        }
    }

    /// A machine that starts years ahead, and whose clock is then set right.
    @Test func aClockThatIsAheadForgetsNothing() throws {
        try inFolder { folder in
            let first = try NotificationKey(folder: folder, name: "sns.example", now: Self.start)
                .certificatePath
            let key = try NotificationKey(
                folder: folder, name: "sns.example", now: Self.after(days: 1_500))
            let ahead = key.certificatePath
            #expect(ahead != first && key.pem(at: first) != nil)
            try key.renew(at: Self.after(days: 1), trusted: nil)
            #expect(key.certificatePath == first)
            try key.renew(at: Self.after(days: 1), trusted: Self.after(days: 1))
            #expect(key.certificatePath == first)
            let again = try NotificationKey(
                folder: folder, name: "sns.example", now: Self.after(days: 2))
            #expect(again.certificatePath == first && again.pem(at: ahead) != nil)
        }
    }

    @Test func theNextServerHasTheSame() throws {
        try inFolder { folder in
            let key = try NotificationKey(folder: folder, name: "sns.example", now: Self.start)
            try key.renew(at: Self.after(days: 305), trusted: Self.after(days: 305))
            let newest = key.certificatePath
            let again = try NotificationKey(
                folder: folder, name: "sns.example", now: Self.after(days: 306))
            #expect(again.certificatePath == newest)
            #expect(try again.signature(of: [1], .sha256) == key.signature(of: [1], .sha256))
            #expect(try Self.pems(in: folder).allSatisfy { again.pem(at: "/\($0)") != nil })
            for path in ["/signing.key", "/", "", "/../sns/signing.key", newest + "x"] {
                #expect(again.pem(at: path) == nil)
            }
            // What a power cut in the middle of an earlier write would leave is no certificate.
            try Data().write(
                to: URL(fileURLWithPath: "\(folder)/SimpleNotificationService-0.pem"))
            let third = try NotificationKey(
                folder: folder, name: "sns.example", now: Self.after(days: 306))
            #expect(third.certificatePath == newest)
        }
    }

    /// A key that is none is the operator's to decide about: a new one would be another signer.
    @Test func anEmptyKeyEndsTheStart() throws {
        try inFolder { folder in
            _ = try NotificationKey(folder: folder, name: "sns.example", now: Self.start)
            try Data().write(to: URL(fileURLWithPath: "\(folder)/signing.key"))
            #expect(throws: Server.Failure.self) {
                try NotificationKey(folder: folder, name: "sns.example", now: Self.start)
            }
        }
    }

    /// Messages of every type and both versions, against the served certificate alone and the text
    /// that SNS's documentation has verifiers put together.
    @Test(
        arguments: [
            TopicMessage.Kind.notification, .subscriptionConfirmation, .unsubscribeConfirmation,
        ], [SignatureVersion.sha1, .sha256])
    func messagesVerify(_ kind: TopicMessage.Kind, _ version: SignatureVersion) throws {
        try inFolder { folder in
            let signer = try NotificationKey(folder: folder, name: "sns.example", now: Self.start)
            let delivery = TopicDelivery(
                message: TopicMessage(
                    id: "m1", kind: kind, topic: "t",
                    subject: kind == .notification ? "Grüße" : nil, message: "a\nb",
                    createdAt: Self.start),
                subscriber: "a", state: .waiting, attempts: 0, nextAttemptAt: Self.start,
                lastError: nil)
            let subscription = SubscriptionRecord(
                key: delivery.subscriberKey, url: "https://a.example/", id: "id", state: .pending,
                token: "secret", tokenExpiresAt: Self.start, changedAt: Self.start)
            let message = try SNSMessage(
                delivery, topicARN: "arn:t", subscription: subscription, version,
                PublicSide(url: "https://sns.example", signer: signer))
            let members = try #require(
                JSONSerialization.jsonObject(with: Data(message.body)) as? [String: String])
            #expect(try Self.isSigned(members, signer))
            for name in Self.signedNames(members) {
                var forged = members
                forged[name]? += "x"
                #expect(try !Self.isSigned(forged, signer), "\(name) is not signed")
            }
        }
    }

    private static func signedNames(_ members: [String: String]) -> [String] {
        let names =
            members["Type"] == "Notification"
            ? ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
            : ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        return names.filter { members[$0] != nil }
    }

    private static func isSigned(
        _ members: [String: String], _ signer: NotificationKey
    ) throws -> Bool {
        let url = try #require(members["SigningCertURL"])
        let pem = try #require(signer.pem(at: url.replacing("https://sns.example", with: "")))
        let certificate = try Certificate(pemEncoded: pem)
        let key = try #require(_RSA.Signing.PublicKey(certificate.publicKey))
        let text = signedNames(members).map { "\($0)\n\(members[$0] ?? "")\n" }.joined()
        let signature = _RSA.Signing.RSASignature(
            rawRepresentation: try #require(
                members["Signature"].flatMap { Data(base64Encoded: $0) }))
        let bytes = Data(text.utf8)
        return members["SignatureVersion"] == "1"
            ? key.isValidSignature(
                signature, for: Insecure.SHA1.hash(data: bytes), padding: .insecurePKCS1v1_5)
            : key.isValidSignature(
                signature, for: SHA256.hash(data: bytes), padding: .insecurePKCS1v1_5)
    }
}
