import MailModel
package import NIOCore

/// How a judged mail is shown to everybody: SES's header block with the verdicts in it, and the
/// mail without those fields that claim to be ours. What is stored keeps the mail as it came.
package struct MailPresentation: Sendable {
    /// How many of the stored bytes `front` stands for; those after them are shown as they are.
    package let replacedLength: Int
    private let headLength: Int
    private let verdicts: VerdictRecord

    /// Nil for a mail that was not judged: its stored bytes are shown as they are.
    package init?(_ mail: MailRecord) {
        guard let verdicts = mail.verdicts else { return nil }
        self.verdicts = verdicts
        headLength = mail.headLength
        let forgedEnd = verdicts.forgedFields.map(\.end).max() ?? 0
        let hiddenEnd = max(forgedEnd, verdicts.resultsHiddenTo ?? 0)
        replacedLength = min(mail.headLength + hiddenEnd, mail.totalLength)
    }

    /// `stored`: at least the first `replacedLength` bytes. `isScanEnabled`: whether the rule whose
    /// action is shown it asks for spam and virus verdicts.
    package func front(of stored: ByteBuffer, isScanEnabled: Bool) -> ByteBuffer {
        let bytes = stored.readableBytesView.prefix(replacedLength)
        let head = Array(bytes.prefix(headLength))
        var front = ByteBuffer()
        let place = Self.placeOfResults(head)
        front.writeBytes(head[..<place.lowerBound])
        if isScanEnabled { front.writeString(scanFields) }
        front.writeString(verdicts.headerFields)
        // What was written at arrival says that nothing was checked.
        front.writeBytes(
            verdicts.headerFields.isEmpty ? head[place.lowerBound...] : head[place.upperBound...])
        front.writeBytes(unforged(Array(bytes.dropFirst(headLength))))
        return front
    }

    /// SES: absent where the rule does not scan.
    private var scanFields: String {
        "X-SES-Spam-Verdict: \(verdicts.spam.status.rawValue)\r\n"
            + "X-SES-Virus-Verdict: \(verdicts.virus.status.rawValue)\r\n"
    }

    private static let results = Array("Authentication-Results: ".utf8)

    /// The field of the block that was written before anything was checked; its end where there is
    /// none.
    private static func placeOfResults(_ head: [UInt8]) -> Range<Int> {
        var start = 0
        while start < head.count {
            let line = head[start...]
            let end = (line.firstIndex(of: UInt8(ascii: "\n")) ?? head.count - 1) + 1
            if line.starts(with: results) { return start..<end }
            start = end
        }
        return start..<start
    }

    /// `raw`, the front of the mail as it came, without the fields that claim to be ours.
    package func unforged(_ raw: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        var position = 0
        for span in hiddenSpans(of: raw) {
            let start = min(max(span.start, position), raw.count)
            kept += raw[position..<start]
            position = min(max(span.end, start), raw.count)
        }
        return kept + raw[position...]
    }

    /// From the top.
    private func hiddenSpans(of raw: [UInt8]) -> [VerdictRecord.ByteSpan] {
        let listed = verdicts.forgedFields.sorted { $0.start < $1.start }
        guard verdicts.resultsHiddenTo != nil else { return listed }
        let end = listed.last?.end ?? 0
        let section = raw.withUnsafeBytes { HeaderSection($0) }
        let others = section.fields.filter { field in
            field.range.lowerBound >= end
                && ResultFields.claim(String(decoding: raw[field.name], as: UTF8.self).lowercased())
                    != nil
        }
        return listed
            + others.map { field in
                VerdictRecord.ByteSpan(start: field.range.lowerBound, length: field.range.count)
            }
    }
}
