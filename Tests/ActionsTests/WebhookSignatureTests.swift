import Actions
import Foundation
import MailModel
import RuleEngine
import Storage
import Synchronization
import TestSupport
import Testing

/// How requests are signed.
@Suite struct WebhookSignatureTests: WebhookPosting {
    /// The example of Standard Webhooks' libraries.
    @Test func signsAsOthersDo() throws {
        let secret = try #require(WebhookSecret(Self.secret))
        #expect(
            secret.signature(
                id: "msg_p5jXN8AQM9LWM0D4loKWxJek", at: Timestamp(milliseconds: 1_614_265_330_999),
                of: Array(#"{"test": 2432232314}"#.utf8))
                == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test(arguments: [
        (23, false), (24, true), (64, true), (65, false),
    ])
    func aSecretHasItsLength(_ bytes: Int, _ isOne: Bool) {
        let key = Base64.text([UInt8](repeating: 7, count: bytes))
        #expect((WebhookSecret("whsec_" + key) != nil) == isOne)
        #expect(WebhookSecret(key) == nil)
    }

    /// OpenSSL: printf 1565040603token | openssl dgst -sha256 -hmac key-of-16-letters
    @Test func aMailgunKeySignsTimeAndToken() throws {
        let key = try #require(MailgunKey("key-of-16-letters"))
        #expect(
            key.signature(at: Self.now, token: "token")
                == "a071aea1bdf27424165bcb6e6d81497714e0cf6263f77ba78da9402145723ab8")
    }

    @Test(arguments: [
        (15, false), (16, true), (256, true), (257, false),
    ])
    func aMailgunKeyHasItsLength(_ length: Int, _ isOne: Bool) {
        let key = String(repeating: "k", count: length)
        #expect((MailgunKey(key) != nil) == isOne)
        #expect(MailgunKey(key.dropLast() + " ") == nil)
    }

    @Test func everySecretSignsAndTheIdStays() async throws {
        var ids: Set<String> = []
        for _ in 1...2 {
            let (_, requests) = try await perform(
                .json, secrets: [Self.secret, Self.otherSecret], rule: "a.b")
            let request = try #require(requests.first)
            let id = try #require(header("webhook-id", request))
            ids.insert(id)
            #expect(header("webhook-timestamp", request) == "1565040603")
            let expected = try [Self.secret, Self.otherSecret].map {
                try #require(WebhookSecret($0)).signature(id: id, at: Self.now, of: request.body)
            }
            #expect(header("webhook-signature", request) == expected.joined(separator: " "))
        }
        #expect(ids == ["\(TestMail.id)/a%2Eb/2"])
    }
}
