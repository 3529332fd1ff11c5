import Crypto
import Foundation
package import MailModel

/// Which mail, and which of its recipients, a return path stands for: the local part that bounces
/// come back to. Nobody can make one without the key, so a report to a mail that was never sent is
/// told from one that was. It has no age of its own: it is worth as much as the records of the mail
/// that it names, and nothing once these are gone.
///
///     token = base32hex( message id(24) position(1) mac(10) )      ; 56 characters, lower case
///     mac   = HMAC-SHA256( key, message id position ), cut
package struct ReturnPathToken: Sendable, Hashable {
    package static let length = 56
    private static let macBytes = 10

    package let mail: MessageID
    /// The recipient's place in its mail, from 0.
    package let position: UInt8

    package init(mail: MessageID, position: UInt8) {
        self.mail = mail
        self.position = position
    }

    /// Whether `text` looks like one, of whatever key.
    package static func hasForm(_ text: String) -> Bool {
        text.utf8.count == length && Base32.hex.bytes(text.utf8) != nil
    }

    private var content: [UInt8] { mail.bytes + [position] }

    /// Makes and reads tokens.
    package struct Key: Sendable {
        private let key: SymmetricKey

        package init(_ root: RootKey) {
            key = root.key(for: .returnPaths)
        }

        /// The local part that stands for `token`.
        package func text(_ token: ReturnPathToken) -> String {
            Base32.hex.text(token.content + mac(token.content))
        }

        /// What `text` stands for, in whatever case others have turned it to; nil where it is no
        /// token of this key. Takes the same time for each text of the length.
        package func token(_ text: String) -> ReturnPathToken? {
            guard text.utf8.count == ReturnPathToken.length,
                let bytes = Base32.hex.bytes(text.utf8)
            else { return nil }
            let content = Array(bytes.dropLast(ReturnPathToken.macBytes))
            guard mac(content).isSame(as: bytes.suffix(ReturnPathToken.macBytes)),
                let mail = MessageID(bytes: content.dropLast()), let position = content.last
            else { return nil }
            return ReturnPathToken(mail: mail, position: position)
        }

        private func mac(_ content: [UInt8]) -> [UInt8] {
            Array(
                HMAC<SHA256>.authenticationCode(for: content, using: key)
                    .prefix(ReturnPathToken.macBytes))
        }
    }
}
