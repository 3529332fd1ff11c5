import Crypto
import Foundation
package import MailModel

/// What a webhook's requests are signed with: `whsec_` and 24 to 64 bytes in base64.
/// Standard Webhooks, “Signature scheme”
package struct WebhookSecret: Sendable, Equatable {
    package static let bytes = 24...64
    private static let mark = "whsec_"

    private let key: [UInt8]

    /// Nil where `text` is none.
    package init?(_ text: String) {
        guard text.hasPrefix(Self.mark),
            let key = Data(base64Encoded: String(text.dropFirst(Self.mark.count))),
            Self.bytes.contains(key.count)
        else { return nil }
        self.key = Array(key)
    }

    /// `v1,` and the HMAC-SHA256 of `<id>.<seconds>.<body>` in base64. `id` has no `.`.
    package func signature(id: String, at time: Timestamp, of body: [UInt8]) -> String {
        var hmac = HMAC<SHA256>(key: SymmetricKey(data: key))
        hmac.update(data: Array("\(id).\(time.milliseconds / 1_000).".utf8))
        hmac.update(data: body)
        return "v1,\(Base64.text(Array(hmac.finalize())))"
    }
}
