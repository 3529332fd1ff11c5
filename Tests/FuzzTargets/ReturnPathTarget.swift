import Accounts
import MailModel

extension FuzzTarget {
    /// A local part that mail comes back to: it is a token only where the key made it, to the
    /// letter but for the letters' case.
    static let returnPath = FuzzTarget("return-path") { bytes in
        guard let root = RootKey(Array(repeating: 7, count: RootKey.bytesCount)) else { return }
        let key = ReturnPathToken.Key(root)
        let text = String(decoding: bytes, as: UTF8.self)
        if let token = key.token(text) {
            try requireEqual(key.text(token), text.lowercased(), "a token that was read")
        }
        guard bytes.count >= MessageID.bytesCount,
            let mail = MessageID(bytes: bytes.prefix(MessageID.bytesCount))
        else { return }
        let token = ReturnPathToken(mail: mail, position: bytes.last ?? 0)
        try requireEqual(key.token(key.text(token)), token, "a token that was made")
    }
}
