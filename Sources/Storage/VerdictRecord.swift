package import MailModel

/// What was found out about a received mail before its actions ran: what its row keeps, its
/// headers say, and events, handlers and people see.
package struct VerdictRecord: Sendable, Hashable, Decodable {
    package typealias Status = ReceiptVerdict

    /// One check: SES's word, the method's own, and why.
    package struct Finding: Sendable, Hashable, Decodable {
        package var status: Status
        /// The method's own word: `softfail`, `temperror`, a signature's name; empty where none.
        package var result: String
        /// For people: what was looked at and what it said; printable, one line.
        package var reason: String

        package init(_ status: Status, result: String = "", reason: String = "") {
            self.status = status
            self.result = result
            self.reason = Self.line(reason)
        }

        package static let disabled = Finding(.disabled)
        /// It is asked only after the 250.
        package static let open = Finding(.disabled, reason: "not asked yet")

        /// Characters of a reason that are kept.
        package static let reasonCharactersMax = 500

        /// What is quoted in a reason comes from the wire: its control characters go.
        fileprivate static func line(_ text: String) -> String {
            let isPlain = text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
            if isPlain, text.utf8.count <= reasonCharactersMax { return text }
            return String(
                String.UnicodeScalarView(
                    text.unicodeScalars.prefix(reasonCharactersMax).map {
                        $0.properties.generalCategory == .control ? " " : $0
                    }))
        }
    }

    package var spf = Finding.disabled
    package var dkim = Finding.disabled
    package var dmarc = Finding.disabled
    package var spam = Finding.disabled
    package var virus = Finding.disabled
    /// `none`, `quarantine` or `reject`: what the domain of From asks for, where DMARC failed or
    /// could not be told.
    package var dmarcPolicy: String?
    /// SES: `dmarcPolicy`, which is there for a mail that failed.
    package var failedPolicy: String? { dmarc.status == .fail ? dmarcPolicy : nil }
    /// The domains whose signature holds for what a reader sees.
    package var dkimDomains: [String] = []
    /// Whether no signature is left that could not be checked, and may hold.
    package var areDKIMDomainsWhole = true
    /// What a scanner gave for spam; nil where none did.
    package var spamScore: Double?
    /// Checks that SES has no word for: HELO's SPF (`helo`), `arc`, `iprev`.
    package var others: [OtherFinding] = []
    /// Who was asked about the mail by screening it, each with its answer: the lists in the order
    /// of the configuration, then the scanners.
    package var inquiries: [Inquiry] = []
    /// How much was found out; the rest is still to be.
    package var extent = Extent.everything
    package var isComplete: Bool { extent == .everything }
    /// The header fields that say all of this, `Received-SPF` and `Authentication-Results`, each
    /// with its CRLF; empty where nothing was checked.
    package var headerFields = ""
    /// The mail's own fields that claim to be ours, which nobody is shown (RFC 8601 §5): where
    /// they begin in the raw mail, and how many bytes they have with their line end.
    package var forgedFields: [ByteSpan] = []
    /// Where the header section ends, of a mail that has more of those than `forgedFields` lists:
    /// behind these, nobody is shown any field of results (`ResultFields`), whoever wrote it.
    package var resultsHiddenTo: Int?

    /// Each has what those before it have.
    package enum Extent: String, Sendable, Hashable, Decodable {
        case nothing
        /// What a session may wait for: whether its author's domain stands for the mail.
        case origin
        /// All but what scanners and lists say.
        case authentication
        case everything
    }

    package struct OtherFinding: Sendable, Hashable, Decodable {
        package var method: String
        package var finding: Finding

        package init(_ method: String, _ finding: Finding) {
            self.method = method
            self.finding = finding
        }
    }

    package struct Inquiry: Sendable, Hashable, Decodable {
        /// What the operator calls it.
        package var of: String
        /// What was looked up in a list: `address 2.0.0.127`; nil for a scanner, which had the mail.
        package var subject: String?
        /// What the answer alone would mean: a listing that counts is `FAIL`.
        package var status: Status
        /// For people: printable, one line.
        package var answer: String
        /// What a list's answer counts, below zero in an allow list; nil for a scanner.
        package var score: Int?
        /// How long a scanner took, with its wait for a turn; nil for a list.
        package var milliseconds: Int64?

        package init(
            of: String, subject: String?, status: Status, answer: String, score: Int?,
            milliseconds: Int64?
        ) {
            self.of = of
            self.subject = subject
            self.status = status
            self.answer = Finding.line(answer)
            self.score = score
            self.milliseconds = milliseconds
        }
    }

    /// Bytes of the raw mail.
    package struct ByteSpan: Sendable, Hashable, Decodable {
        package var start: Int
        package var length: Int
        package var end: Int { start + length }

        package init(start: Int, length: Int) {
            self.start = start
            self.length = length
        }
    }

    package init() {}
}
