package import MailModel

/// What the rules may ask of a mail: immutable, and the same whenever it is asked.
package struct MailFacts: Sendable {
    /// Envelope recipients, in order.
    package var recipients: [Mailbox]
    package var mailFrom = Fact<ReversePath>.notGiven
    package var helo = Fact<String>.notGiven
    package var peerAddress = Fact<IPAddress>.notGiven
    /// Where it leads back to the address; nil where the address has no such name.
    package var peerName = Fact<Domain?>.notGiven
    package var isTLS: Bool
    /// `TLSv1.3` for instance; nil for plaintext.
    package var tlsVersion: Fact<String?>
    package var receivedAt = Fact<Timestamp>.notGiven
    /// Of the mail as it came, bytes.
    package var size = Fact<Int>.notGiven
    package var header = Fact<HeaderBlock>.notGiven
    /// The text to read; at most `bodyBytesMax` of it.
    package var body = Fact<String>.notGiven
    package var attachments = Fact<Attachments>.notGiven
    package var verdicts = Fact<Verdicts>.notGiven

    /// Bytes of a mail's text that rules see.
    package static let bodyBytesMax = 262_144

    package struct Attachments: Sendable {
        package var list: [MIMEAttachment]
        /// Whether there are more.
        package var isCut: Bool

        package init(list: [MIMEAttachment], isCut: Bool) {
            self.list = list
            self.isCut = isCut
        }

        static let cutReason = "there are more attachments than are looked at"
    }

    /// Of an envelope alone. `isTLS` by itself says nothing of the version.
    package init(recipients: [Mailbox], isTLS: Bool) {
        self.recipients = recipients
        self.isTLS = isTLS
        tlsVersion = isTLS ? .notGiven : .known(nil)
    }

    /// The facts of a walk for `recipient` alone; nil: for all of them.
    func seen(by recipient: Mailbox?) -> MailFacts {
        guard let recipient else { return self }
        var facts = self
        facts.recipients = [recipient]
        return facts
    }

    /// What was found out about the mail.
    package struct Verdicts: Sendable, Hashable {
        package var statuses: [VerdictFact: ReceiptVerdict]
        package var dmarcPolicy: String?
        package var dkimDomains: [String]
        /// Whether there may be more of them.
        package var areDKIMDomainsWhole: Bool
        package var spamScore: Double?
        package var listScore: Double?

        package init(
            statuses: [VerdictFact: ReceiptVerdict], dmarcPolicy: String? = nil,
            dkimDomains: [String] = [], areDKIMDomainsWhole: Bool = true, spamScore: Double? = nil,
            listScore: Double? = nil
        ) {
            self.statuses = statuses
            self.dmarcPolicy = dmarcPolicy
            self.dkimDomains = dkimDomains
            self.areDKIMDomainsWhole = areDKIMDomainsWhole
            self.spamScore = spamScore
            self.listScore = listScore
        }
    }

    /// What has to be read of a mail for a set of rules.
    package struct Needs: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }

        package static let header = Needs(rawValue: 1)
        package static let body = Needs(rawValue: 2)
        package static let attachments = Needs(rawValue: 4)
        /// What lists and scanners say.
        package static let screening = Needs(rawValue: 8)
        /// SPF, DKIM and DMARC.
        package static let origin = Needs(rawValue: 16)
        /// What the mail itself is read for.
        package static let content: Needs = [.header, .body, .attachments]
    }
}

/// What is known of a mail, or why it is not.
package enum Fact<Value: Sendable>: Sendable {
    case known(Value)
    /// For people, in the middle of a sentence.
    case unknown(String)

    package static var notGiven: Fact { .unknown("it was not given") }
}
