package import Accounts
package import MailModel
import NIOCore
package import RuleEngine
package import Storage

/// Gathers what rules may ask of a received mail: of its row what they want or not, of its content
/// what their conditions ask for.
package struct MailFactsReader: Sendable {
    /// Of a mail's header section, bytes that rules see.
    private static let headerBytesMax = 262_144

    private let bodies: any BodyFiles
    private let returnPaths: ReturnPaths?
    private let guesser: (any ContentTypeGuesser)?

    /// `returnPaths`: nil where nothing is sent. `guesser`: nil where nobody says what an attachment
    /// is by its bytes.
    package init(
        bodies: any BodyFiles, returnPaths: ReturnPaths?, guesser: (any ContentTypeGuesser)?
    ) {
        self.bodies = bodies
        self.returnPaths = returnPaths
        self.guesser = guesser
    }

    /// Of the row alone.
    package func facts(of mail: MailRecord) -> MailFacts {
        var facts = MailFacts(mail, besides: returnPaths)
        facts.noteUnreadable(because: "the mail was not read")
        return facts
    }

    /// `content`: as it is stored; nil where that has expired.
    package func facts(
        of mail: MailRecord, _ content: MailContent?, for needs: MailFacts.Needs
    ) throws(StorageFailure) -> MailFacts {
        try read(facts(of: mail), of: mail, content, for: needs)
    }

    /// `facts`, which are those of its row, with those of its content.
    func read(
        _ facts: MailFacts, of mail: MailRecord, _ content: MailContent?,
        for needs: MailFacts.Needs
    ) throws(StorageFailure) -> MailFacts {
        var facts = facts
        let needs = needs.intersection(.content)
        guard !needs.isEmpty else { return facts }
        guard let content else {
            facts.noteUnreadable(because: "the raw mail has expired")
            return facts
        }
        let length = needs == .header ? Self.headerBytesMax : mail.totalLength
        let raw = try raw(mail, content, length: length)
        // Fields that claim to be ours are shown to nobody.
        let shown = MailPresentation(mail)?.unforged(raw) ?? raw
        facts.read(shown, for: needs, guesser: guesser)
        return facts
    }

    /// The first `length` bytes of the mail as it came.
    private func raw(
        _ mail: MailRecord, _ content: MailContent, length: Int
    ) throws(StorageFailure) -> [UInt8] {
        let raw = try content.piece(
            of: mail.id, from: mail.headLength, length: length, in: bodies
        ).readableBytesView
        guard raw.count == min(length, mail.totalLength - mail.headLength) else {
            throw .damaged("mail \(mail.id) is shorter than what was accepted")
        }
        return Array(raw)
    }
}

extension MailFacts {
    /// What the rules may ask of a received mail's row: return paths are no recipients to them.
    fileprivate init(_ mail: MailRecord, besides returnPaths: ReturnPaths?) {
        self.init(
            mail.envelope,
            for: mail.envelope.recipients.filter { returnPaths?.token(of: $0) == nil },
            at: mail.receivedAt)
        size = .known(mail.totalLength - mail.headLength)
        verdicts = mail.verdicts.map { .known(Verdicts($0)) } ?? .unknown("nothing judges mails")
    }

    /// What is known of a mail before its content.
    init(_ envelope: ReceivedEnvelope, for recipients: [Mailbox], at time: Timestamp) {
        self.init(recipients: recipients, isTLS: envelope.tls != nil)
        mailFrom = .known(envelope.mailFrom)
        helo = envelope.helo.isEmpty ? .unknown("nothing tells it") : .known(envelope.helo)
        peerAddress =
            IPAddress(envelope.peerAddress).map { .known($0) } ?? .unknown("it is no address")
        peerName =
            envelope.peerName == .unknown
            ? .unknown("the DNS did not tell in time") : .known(envelope.peerName.verified)
        tlsVersion = .known(envelope.tls)
        receivedAt = .known(time)
    }
}

extension MailFacts.Verdicts {
    fileprivate init(_ record: VerdictRecord) {
        let lists = record.inquiries.filter { $0.subject != nil }
        let isListed = !lists.isEmpty && lists.allSatisfy { $0.status != .processingFailed }
        self.init(
            statuses: [
                .spf: record.spf.status, .dkim: record.dkim.status, .dmarc: record.dmarc.status,
                .spam: record.spam.status, .virus: record.virus.status,
            ], dmarcPolicy: record.failedPolicy, dkimDomains: record.dkimDomains,
            areDKIMDomainsWhole: record.areDKIMDomainsWhole, spamScore: record.spamScore,
            listScore: isListed ? Double(lists.compactMap(\.score).reduce(0, +)) : nil)
    }
}
