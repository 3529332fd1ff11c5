/// The header section of a mail that a program of this machine hands over, completed as sendmail
/// does: addresses without a domain get one, and who wrote it stands in From. What is wrong with it
/// stays wrong: `SubmittedHeader` is what refuses. RFC 6409 §8.1
package struct LocalHeader: Sendable {
    private static let addressFields: Set<String> = [
        "from", "sender", "reply-to", "to", "cc", "bcc", "return-path", "resent-from",
        "resent-sender", "resent-reply-to", "resent-to", "resent-cc", "resent-bcc",
    ]

    /// To and with its empty line.
    package let bytes: [UInt8]
    /// Lines that stand before those that were there.
    package let addedLines: Int

    /// `author` stands for a missing From, with `authorName` before it where there is one.
    package init(
        completing header: [UInt8], domain: Domain, author: Mailbox, authorName: String?
    ) {
        let block = HeaderBlock(header[...])
        var output: [UInt8] = []
        output.reserveCapacity(header.count + 256)
        var place = 0
        for field in block.fields where Self.addressFields.contains(field.name.lowercased()) {
            guard let colon = block.bytes[field.range].firstIndex(of: UInt8(ascii: ":")) else {
                continue
            }
            output += block.bytes[place...colon]
            output += AddressList.completed(
                block.bytes[(colon + 1)..<field.range.upperBound], domain: domain)
            place = field.range.upperBound
        }
        output += block.bytes[place...]
        if block.first("From") == nil {
            let from = Self.from(author, authorName)
            addedLines = from.count { $0 == 10 }
            output = from + output
        } else {
            addedLines = 0
        }
        bytes = output
    }

    private static func from(_ author: Mailbox, _ name: String?) -> [UInt8] {
        guard let name, !name.isEmpty else {
            return Array("From: \(author.wireText)\r\n".utf8)
        }
        let value = "\(DisplayName.text(name)) <\(author.wireText)>"
        // A name that is no field's value is left out.
        return ComposedField("From", value)?.bytes ?? from(author, nil)
    }
}
