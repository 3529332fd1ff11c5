package import MailModel
package import NIOCore
package import Storage

/// What its receiver wrote above a mail that was stored: SES's header block, ours or Amazon's, and what
/// it tells of how the mail came.
///
/// It is believed where it has the id that the object is named by: whoever sent the mail did not know
/// that when the mail was written. Lines above it are those of rules that stored the mail.
///
///     head  = return-path received *( verdicts / results ) receipt [ signature ]
///     received = "from" helo [ "(" name " [" address "])" ] "by" host "with" protocol "id" id
///                [ "for" "<" recipient ">" ] ";" date-time
package struct StoredHead: Sendable {
    private static let receiptName = "x-ses-receipt"
    /// Behind the receipt, where Amazon writes it.
    private static let signatureName = "x-ses-dkim-signature"

    /// Where the mail as it came begins in the object.
    package let end: Int
    /// The block as it is written before a mail of which nothing was found out yet.
    package let block: ByteBuffer
    package let mailFrom: ReversePath
    /// Nil where the mail came for several: none is named then.
    package let recipient: Mailbox?
    let arrival: StoredArrival
    /// What it says that was found out; nil where it says nothing.
    package let verdicts: VerdictRecord?

    /// `header`: from the object's beginning. Nil where there is no such block with `id` in it.
    package init?(of header: HeaderBlock, id: MailID) {
        let fields = header.fields
        guard let first = fields.firstIndex(where: { $0.name.lowercased() == "return-path" }),
            fields.indices.contains(first + 1),
            fields[first + 1].name.lowercased() == "received",
            let mailFrom = Self.reversePath(fields[first]),
            let arrival = StoredArrival(fields[first + 1].text), arrival.id == id
        else { return nil }
        self.mailFrom = mailFrom
        self.arrival = arrival
        recipient = arrival.recipient
        let found = StoredVerdicts(header, from: first + 2)
        let receipt = found?.end ?? first + 2
        let hasSignature =
            found != nil && fields.indices.contains(receipt + 1)
            && fields[receipt + 1].name.lowercased() == Self.signatureName
        let behind = found == nil ? first + 2 : receipt + (hasSignature ? 2 : 1)
        end = fields[behind - 1].range.upperBound
        verdicts = found?.record
        var block = ByteBuffer()
        for field in fields[first...(first + 1)] { block.writeBytes(header.rawBytes(of: field)) }
        if let found {
            block.writeString(found.placeholder)
            for field in fields[receipt..<behind] {
                block.writeBytes(header.rawBytes(of: field))
            }
        }
        self.block = block
    }

    /// Of a field that says it: `<>`, or a path.
    static func reversePath(_ field: HeaderBlock.Field) -> ReversePath? {
        let text = field.text
        if text == "<>" { return .null }
        guard text.hasPrefix("<"), text.hasSuffix(">") else { return nil }
        return Mailbox(String(text.dropFirst().dropLast())).map(ReversePath.mailbox)
    }
}
