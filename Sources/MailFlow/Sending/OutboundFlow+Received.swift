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

        /// The domain in its From.
        var author: Domain? {
            section.first("From").flatMap { AddressList.addresses($0.body).first }
                .flatMap { Mailbox($0) }?.domain
        }
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

    func addressee(of mail: MailRecord) -> Addressee {
        guard case .mailbox(let sender) = mail.envelope.mailFrom else {
            return .nobody("it came from the null path")
        }
        guard let verdicts = mail.verdicts else {
            return .nobody("nobody looked whether \(sender.wireText) sent it")
        }
        guard verdicts.provesSender(mail.envelope.mailFrom) else {
            return .nobody("neither SPF nor DKIM shows that \(sender.wireText) sent it")
        }
        return .known(sender)
    }
}
