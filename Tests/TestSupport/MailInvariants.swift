package import MailModel

/// What holds of every mail that was read, whatever its bytes are.
package enum MailInvariants {
    /// The first breach; nil if all hold.
    package static func breach(_ mail: MIMEMessage, limits: MIMELimits = .standard) -> String? {
        let parts = mail.parts
        if mail.root.range != 0..<mail.bytes.count { return "the mail is not its root" }
        if parts.count > limits.partsMax { return "\(parts.count) parts" }
        if mail.defects.count > limits.defectsMax { return "\(mail.defects.count) defects" }
        if mail.sections.count != parts.count { return "parts without sections" }
        for part in parts {
            if let breach = breach(part, in: mail, limits) {
                return "part \(part.index): \(breach)"
            }
        }
        return nil
    }

    private static func breach(
        _ part: MIMEPart, in mail: MIMEMessage, _ limits: MIMELimits
    ) -> String? {
        if part.depth > limits.depthMax { return "depth \(part.depth)" }
        if part.headerRange.upperBound != part.bodyRange.lowerBound {
            return "bytes between header and body"
        }
        if let breach = headerBreach(part.header, of: part) { return breach }
        let raw = part.rawBody.count
        if part.decodedBody().count > raw { return "decoded to more than there is" }
        // U+FFFD has three bytes, and no charset of ours needs more than four for a byte.
        if part.text().utf8.count > 4 * raw + 16 { return "text that grew" }
        if part.fileNames.contains(where: { $0.value.utf8.count > 16 * part.range.count + 16 }) {
            return "a name that grew"
        }
        return part.isMultipart ? multipartBreach(part, mail) : leafBreach(part)
    }

    private static func headerBreach(_ header: HeaderBlock, of part: MIMEPart) -> String? {
        if header.length > part.headerRange.count { return "a header longer than its bytes" }
        var end = 0
        for field in header.fields {
            if field.range.lowerBound < end || field.range.upperBound > header.length {
                return "fields that overlap"
            }
            end = field.range.upperBound
        }
        return nil
    }

    private static func leafBreach(_ part: MIMEPart) -> String? {
        guard let child = part.children.first else { return nil }
        guard part.isMessage, part.children.count == 1 else { return "parts in a leaf" }
        return child.range == part.bodyRange ? nil : "a message that is not its part's body"
    }

    /// Preamble, delimiters, parts and epilogue follow each other without a gap.
    private static func multipartBreach(_ part: MIMEPart, _ mail: MIMEMessage) -> String? {
        guard let preamble = part.preamble else {
            return part.children.isEmpty ? nil : "no preamble"
        }
        var end = preamble.upperBound
        for child in part.children {
            if !isDelimiter(mail.bytes, end, child.range.lowerBound) {
                return "\(end)..<\(child.range.lowerBound) is no delimiter"
            }
            end = child.range.upperBound
        }
        if let epilogue = part.epilogue {
            if !isDelimiter(mail.bytes, end, epilogue.lowerBound) { return "no last delimiter" }
            end = epilogue.upperBound
        }
        return end == part.bodyRange.upperBound ? nil : "bytes behind the last part"
    }

    private static func isDelimiter(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Bool {
        guard start <= end, end <= bytes.count else { return false }
        var line = bytes[start..<end]
        if line.first == 13 { line.removeFirst() }
        if line.first == 10 { line.removeFirst() }
        if line.last == 10 { line.removeLast() }
        return line.starts(with: "--".utf8) && !line.contains(10)
    }
}
