import MailModel

/// The sizes that every server takes: 64 bytes of local part as it is written, and 254 in all, so that
/// a path has its 256. We take longer ones from others, as RFC 5321 §4.5.3.1 asks; validators do not.
enum AddressSizes {
    /// Whether `text` is a mailbox that keeps them.
    static func fits(_ text: String, isUTF8Allowed: Bool) -> Bool {
        guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")),
            let mailbox = try? AddressParser.mailbox(
                Array(text.utf8)[...], isUTF8Allowed: isUTF8Allowed)
        else { return false }
        let localPart = text.utf8[..<at].count
        let whole = max(text.utf8.count, localPart + 1 + mailbox.domain.ascii.utf8.count)
        return localPart <= 64 && whole <= 254
    }
}
