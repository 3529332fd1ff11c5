import Crypto
package import MailModel

/// What Mailgun's signatures are made with: its “HTTP webhook signing key”, which the endpoint has, too.
package struct MailgunKey: Sendable, Equatable {
    /// Characters of printable ASCII without spaces.
    package static let lengths = 16...256

    private let text: String

    /// Nil where `text` is none.
    package init?(_ text: String) {
        guard Self.lengths.contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        self.text = text
    }

    /// The HMAC-SHA256 of seconds and token, one behind the other, in hexadecimal.
    /// Mailgun: “Securing webhooks”
    package func signature(at time: Timestamp, token: String) -> String {
        var hmac = HMAC<SHA256>(key: SymmetricKey(data: Array(text.utf8)))
        hmac.update(data: Array("\(time.milliseconds / 1_000)\(token)".utf8))
        return Hexadecimal.text(Array(hmac.finalize()))
    }
}
