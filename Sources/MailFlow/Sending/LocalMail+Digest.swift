import Crypto
import MailModel

extension LocalMail {
    /// What the mail is that is submitted under an idempotency key: who sends it and to whom, its
    /// header section, its body and when it goes. Nil without a key.
    func digest(
        _ header: [UInt8], _ sender: ReversePath, _ recipients: [Mailbox], _ body: BodySpool.Content
    ) -> String? {
        guard idempotencyKey != nil else { return nil }
        let time = sendAtText ?? sendAt.map { "\($0.milliseconds)" } ?? ""
        var parts = [header, Array(sender.wireText.utf8), Array(time.utf8)]
        parts.append(Array("\(body.length) \(body.checksum)".utf8))
        parts += recipients.map { Array($0.wireText.utf8) }
        var hash = SHA256()
        for part in parts {
            // A part's length says where the next one begins.
            hash.update(data: Array("\(part.count):".utf8))
            hash.update(data: part)
        }
        return Hexadecimal.text(hash.finalize())
    }
}
