import Actions
import MailModel
import RuleEngine
import Storage

/// The header section of a mail that is sent on: what came, behind the trace of having been here.
/// RFC 5321 §3.9.1, RFC 5321 §4.4
struct ForwardedHeader {
    /// The empty line at its end included.
    let bytes: [UInt8]

    /// Why a mail is not sent on.
    enum Refusal: Error {
        /// It has been here already.
        case loop
        /// A field that is to be written cannot be.
        case unwritable(String)
    }

    /// `block` is our header block, `section` the mail's own header section without what claims to be
    /// ours.
    init(
        _ forwarded: ForwardedMail, block: HeaderBlock, section: HeaderBlock
    ) throws(Refusal) {
        let recipient = forwarded.recipient.wireText
        let isLoop = section.all("Delivered-To").contains { field in
            Mailbox(field.text) == forwarded.recipient
        }
        guard !isLoop else { throw .loop }
        guard let deliveredTo = ComposedField("Delivered-To", recipient) else {
            throw .unwritable(recipient)
        }
        var bytes = deliveredTo.bytes
        for field in block.all("Received") { bytes += block.rawBytes(of: field) }
        for line in forwarded.addedHeaders { bytes += Array("\(line)\r\n".utf8) }
        let isRewritten = forwarded.author == .rewrite
        if isRewritten { bytes += Self.author(of: section, as: forwarded) }
        // Lines that are no field stay where they are: all of the text of a mail without an empty line.
        var position = section.bytes.startIndex
        let removed = Set(forwarded.removedHeaders)
        for field in section.fields
        where Self.isLeftOut(field, removed, isRewritten: isRewritten) {
            let start = section.bytes.startIndex + field.range.lowerBound
            bytes += section.bytes[position..<start]
            position = section.bytes.startIndex + field.range.upperBound
        }
        bytes += section.bytes[position...]
        if bytes.last != 10 { bytes += [13, 10] }
        self.bytes = section.hasEmptyLine ? bytes : bytes + [13, 10]
    }

    /// What only its last host writes, what claims to be a result of ours, and what rules remove.
    private static func isLeftOut(
        _ field: HeaderBlock.Field, _ removed: Set<String>, isRewritten: Bool
    ) -> Bool {
        let name = field.name.lowercased()
        return removed.contains(name) || name == "return-path" || name.hasPrefix("x-ses-")
            || isRewritten && name == "from"
    }

    /// Characters of an author's name that stay.
    private static let nameMax = 64

    /// From as whom the mail is sent as, by the name of its author, to whom answers go.
    private static func author(of section: HeaderBlock, as forwarded: ForwardedMail) -> [UInt8] {
        let identity = forwarded.identity
        let author = section.first("From").flatMap { AddressList.mailboxes($0.body).first }
        let words = (author?.name ?? author?.address ?? "").split(whereSeparator: \.isWhitespace)
        let name = words.joined(separator: " ").prefix(nameMax)
        let named = ComposedField("From", "\(name) via \(identity.wireText)", identity)
        let from = named?.bytes ?? Array("From: <\(identity.wireText)>\r\n".utf8)
        let hasReplyTo =
            section.first("Reply-To") != nil && !forwarded.removedHeaders.contains("reply-to")
        guard !hasReplyTo,
            let address = author.flatMap({ Mailbox($0.address) }),
            let replyTo = ComposedField("Reply-To", "<\(address.wireText)>")
        else { return from }
        return from + replyTo.bytes
    }
}

extension HeaderBlock {
    /// Whether its last line is the empty one that ends a header section.
    fileprivate var hasEmptyLine: Bool {
        bytes.elementsEqual([13, 10]) || bytes.suffix(4).elementsEqual([13, 10, 13, 10])
            || bytes.suffix(3).elementsEqual([10, 13, 10])
    }
}
