import MailModel
import NIOCore
import Storage

/// What a mail that came is read for, by whatever is sent because of it.
extension OutboundFlow {
    struct ReceivedParts {
        /// Ours, before it.
        var block: HeaderBlock
        /// Its own header section without what claims to be ours.
        var section: HeaderBlock
        /// Of the stored bytes.
        var bodyStart: Int
    }

    func read(
        _ mail: MailRecord, _ content: MailContent
    ) throws(StorageFailure) -> ReceivedParts {
        let front = try content.piece(
            of: mail.id, from: 0, length: mail.headLength + settings.headerBytesMax, in: bodies)
        let bytes = Array(front.readableBytesView)
        let raw = Array(bytes.dropFirst(mail.headLength))
        let own = HeaderBlock(raw[...])
        let shown = MailPresentation(mail)?.unforged(Array(own.bytes)) ?? Array(own.bytes)
        return ReceivedParts(
            block: HeaderBlock(bytes.prefix(mail.headLength)), section: HeaderBlock(shown[...]),
            bodyStart: mail.headLength + own.length)
    }

    /// Whom something may be told of a mail.
    enum Addressee {
        /// Who is known to have sent it.
        case known(Mailbox)
        /// Nobody, for this reason: it would reach whom somebody made up.
        case nobody(String)
    }

    /// `section`: the mail's own header section.
    func addressee(of mail: MailRecord, _ section: HeaderBlock) -> Addressee {
        guard case .mailbox(let sender) = mail.envelope.mailFrom else {
            return .nobody("it came from the null path")
        }
        guard let verdicts = mail.verdicts else {
            return .nobody("nobody looked whether \(sender.wireText) sent it")
        }
        guard verdicts.provesSender(mail.envelope.mailFrom, author: section.author) else {
            return .nobody("neither SPF nor DKIM shows that \(sender.wireText) sent it")
        }
        return .known(sender)
    }
}

extension HeaderBlock {
    /// The one address in the one From; nil where there are more.
    var author: Mailbox? {
        let fields = all("From")
        let addresses = fields.first.map { AddressList.addresses($0.body) } ?? []
        return fields.count == 1 && addresses.count == 1 ? Mailbox(addresses[0]) : nil
    }
}

extension VerdictRecord {
    /// Whether it is known that `sender` sent the mail: SPF passed for it, or it wrote what its domain
    /// signed. A signature alone says nothing of the path, by which anybody can send a mail once more,
    /// and what is told would reach whom somebody made up.
    func provesSender(_ sender: ReversePath, author: Mailbox?) -> Bool {
        guard case .mailbox(let mailbox) = sender else { return false }
        return spf.status == .pass
            || dkimDomains.contains(mailbox.domain.ascii) && author?.domain == mailbox.domain
                && author?.foldedLocalPart == mailbox.foldedLocalPart
    }
}
