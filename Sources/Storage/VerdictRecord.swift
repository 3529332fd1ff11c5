/// What was found out about a received mail before its actions ran: what its row keeps, its
/// headers say, and events, handlers and people see.
package struct VerdictRecord: Sendable, Hashable, Codable {
    /// SES's words for a verdict.
    package enum Status: String, Sendable, Hashable, Codable {
        case pass = "PASS"
        case fail = "FAIL"
        /// Neither the one nor the other.
        case gray = "GRAY"
        /// It could not be found out.
        case processingFailed = "PROCESSING_FAILED"
        /// Nobody was asked.
        case disabled = "DISABLED"
    }

    /// One check: SES's word, the method's own, and why.
    package struct Finding: Sendable, Hashable, Codable {
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

        /// Characters of a reason that are kept.
        package static let reasonCharactersMax = 500

        /// What is quoted in a reason comes from the wire: its control characters go.
        private static func line(_ text: String) -> String {
            String(
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
    /// `none`, `quarantine` or `reject`: what the domain of From asks for, where DMARC failed.
    /// SES: `dmarcPolicy`.
    package var dmarcPolicy: String?
    /// Checks that SES has no word for: ARC, iprev, lists; by their method's name.
    package var others: [OtherFinding] = []
    /// The header fields that say all of this, `Received-SPF` and `Authentication-Results`, each
    /// with its CRLF; empty where nothing was checked.
    package var headerFields = ""
    /// The mail's own fields that claim to be ours, which nobody is shown (RFC 8601 §5): where
    /// they begin in the raw mail, and how many bytes they have with their line end.
    package var forgedFields: [ByteSpan] = []

    package struct OtherFinding: Sendable, Hashable, Codable {
        package var method: String
        package var finding: Finding

        package init(_ method: String, _ finding: Finding) {
            self.method = method
            self.finding = finding
        }
    }

    /// Bytes of the raw mail.
    package struct ByteSpan: Sendable, Hashable, Codable {
        package var start: Int
        package var length: Int

        package init(start: Int, length: Int) {
            self.start = start
            self.length = length
        }
    }

    package init() {}
}
