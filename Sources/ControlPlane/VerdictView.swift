import MailModel
package import Storage

/// One check of a mail, and why it ended as it did.
package struct VerdictView: Sendable, Codable {
    /// `spf`, `dkim`, `dmarc`, `spam`, `virus`, or another method's name: `helo`, `arc`, `iprev`.
    package var check: String
    /// SES's word.
    package var status: String
    /// The method's own word; empty where it has none.
    package var result: String
    package var reason: String
    /// What the domain of From asks for where DMARC failed.
    package var policy: String?

    package static func all(_ verdicts: VerdictRecord) -> [VerdictView] {
        let named = [
            ("spf", verdicts.spf), ("dkim", verdicts.dkim), ("dmarc", verdicts.dmarc),
            ("spam", verdicts.spam), ("virus", verdicts.virus),
        ]
        return (named + verdicts.others.map { ($0.method, $0.finding) }).map { check, finding in
            VerdictView(
                check: check, status: finding.status.rawValue, result: finding.result,
                reason: finding.reason,
                policy: check == "dmarc" ? verdicts.failedPolicy : nil)
        }
    }
}

/// A list or scanner that was asked about a mail, and its answer.
package struct InquiryView: Sendable, Codable {
    /// What the operator calls it.
    package var asked: String
    /// What was looked up in a list: `address 2.0.0.127`; nil for a scanner, which had the mail.
    package var about: String?
    /// What the answer alone would mean, in SES's words.
    package var status: String
    package var answer: String
    /// What a list's answer counts; nil for a scanner.
    package var score: Int?
    /// How long a scanner took; nil for a list.
    package var milliseconds: Int64?

    package static func all(_ verdicts: VerdictRecord) -> [InquiryView] {
        verdicts.inquiries.map {
            InquiryView(
                asked: $0.of, about: $0.subject, status: $0.status.rawValue, answer: $0.answer,
                score: $0.score, milliseconds: $0.milliseconds)
        }
    }
}
