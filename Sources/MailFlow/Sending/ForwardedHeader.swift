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
        if isRewritten { bytes += try Self.author(of: section, as: forwarded) }
        let left: Set<String> = isRewritten ? ["return-path", "from"] : ["return-path"]
        for field in section.fields where !left.contains(field.name.lowercased()) {
            bytes += section.rawBytes(of: field)
            if bytes.last != 10 { bytes += [13, 10] }
        }
        self.bytes = bytes + [13, 10]
    }

    /// From as whom the mail is sent as, by the name of its author, to whom answers go.
    private static func author(
        of section: HeaderBlock, as forwarded: ForwardedMail
    ) throws(Refusal) -> [UInt8] {
        let identity = forwarded.identity.wireText
        let author = section.first("From").flatMap { AddressList.mailboxes($0.body).first }
        let name = author?.name ?? author?.address ?? "unknown"
        let from = ComposedField("From", "\(name) via \(identity)", forwarded.identity)
        guard let from else { throw .unwritable(identity) }
        guard section.first("Reply-To") == nil,
            let address = author.flatMap({ Mailbox($0.address) }),
            let replyTo = ComposedField("Reply-To", "<\(address.wireText)>")
        else { return from.bytes }
        return from.bytes + replyTo.bytes
    }
}
