import Accounts
import DeliveryQueue
import MailModel
import NIOCore
import Storage

/// The step **compose** of `OutboundFlow`: what the mail is that leaves, of what was submitted.
struct SubmissionComposer: Sendable {
    /// Of a sender's Message-ID that is kept for events: a line's. RFC 5322 §2.1.1
    private static let messageIDBytesMax = 998

    let settings: SendingSettings
    let senders: SendingIdentities

    /// The header section as its sender wrote it.
    func read(_ submission: Submission) throws(Refusal) -> SubmittedHeader {
        var bytes = submission.header
        // A mail may be a header section alone.
        if !bytes.hasEmptyLineAtEnd { bytes += [13, 10] }
        do throws(HeaderRefusal) {
            return try SubmittedHeader(bytes[...], bytesMax: settings.headerBytesMax)
        } catch {
            throw .unreadableHeader(error)
        }
    }

    /// **Compose**: what was for us is taken out, and what is ours put in.
    func compose(
        _ header: SubmittedHeader, _ submission: Submission, _ id: MessageID, at now: Timestamp
    ) -> SentHeader {
        let trace =
            "by \(settings.hostname.ascii) (Martlet) \(submission.trace) id \(id.text); "
            + now.rfc5322Text
        return SentHeader(
            header,
            SentHeader.Stamp(
                id: id, domain: settings.messageIDDomain,
                // A mail for later is as old as its first try.
                keepsMessageID: settings.keepsMessageID, date: max(now, submission.sendAt ?? now),
                received: ComposedField("Received", trace),
                feedbackID: FeedbackID(
                    tags: header.asks.tags, region: settings.region,
                    account: Array(AccountID.main.text.utf8), service: "Martlet")))
    }

    /// The mail's row. `signed`: its header section as it leaves.
    func record(
        _ id: MessageID, _ submission: Submission, _ header: SubmittedHeader, _ signed: SignedHead,
        identity: String, returnDomain: Domain, at now: Timestamp
    ) -> SentMailRecord {
        let body = submission.body
        let head = signed.bytes
        let set =
            header.asks.configurationSet ?? senders.configurationSet(for: header.from[0].domain)
        return SentMailRecord(
            id: id, bodyID: submission.bodyID, account: .main, acceptedAt: now,
            facts: SendingFacts(
                operation: submission.operation, sourceIP: submission.sourceIP,
                caller: submission.caller, identity: identity,
                configurationSet: set,
                tags: Dictionary(grouping: header.asks.tags, by: \.name)
                    .mapValues { $0.map(\.value) },
                sendersMessageID: replacedMessageID(header),
                submittedDigest: submission.digest),
            sender: submission.sender, returnDomain: returnDomain, head: head,
            bodyPlace: body.memory == nil ? .file : .row, bodyLength: body.length,
            checksum: body.checksum(behind: head),
            is8Bit: signed.isBody8Bit || head.hasBytesBeyondASCII,
            isSMTPUTF8: submission.isSMTPUTF8 && needsSMTPUTF8(submission, head),
            // RFC 8689 §3: REQUIRETLS goes before the field.
            tls: submission.tls == .opportunistic && header.block.isTLSWaived
                ? .waived : submission.tls,
            pool: set.flatMap { settings.pools[$0] })
    }

    /// Nil where there is none, it stays, or it is longer than one can be in a line.
    private func replacedMessageID(_ header: SubmittedHeader) -> String? {
        guard !settings.keepsMessageID, let field = header.block.first("Message-ID"),
            !field.body.isEmpty, field.body.count <= Self.messageIDBytesMax
        else { return nil }
        return field.decodedText
    }

    private func needsSMTPUTF8(_ submission: Submission, _ head: ByteBuffer) -> Bool {
        head.hasBytesBeyondASCII
            || submission.recipients.contains { $0.mailbox.localPart.utf8.contains { $0 > 127 } }
    }
}

extension [UInt8] {
    fileprivate var hasEmptyLineAtEnd: Bool {
        self == [13, 10] || suffix(4) == [13, 10, 13, 10]
    }
}
