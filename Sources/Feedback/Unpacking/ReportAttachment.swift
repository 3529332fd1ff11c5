import MailModel

/// Finds the attachment of a mail that says to be an aggregate or a TLS report. Nothing is unpacked of
/// any other mail: an archive that is not announced as a report stays closed.
struct ReportAttachment {
    enum Kind {
        case aggregate, tls
    }

    let kind: Kind
    let part: MIMEPart

    /// Parts that are looked at.
    private static let partsMax = 50

    init?(_ message: MIMEMessage) {
        let subject = FoldedText(message.header.first("Subject")?.decodedText ?? "")
        // RFC 9990 §4.2, RFC 8460 §5.3; both call it so.
        let isAnnounced = subject.hasPrefix("report domain:") || subject.hasPrefix("report-domain:")
        for part in message.parts.prefix(Self.partsMax)
        where !part.isInMessage && part.children.isEmpty {
            guard let kind = Self.kind(of: part, isAnnounced: isAnnounced) else { continue }
            self.kind = kind
            self.part = part
            return
        }
        return nil
    }

    private static func kind(of part: MIMEPart, isAnnounced: Bool) -> Kind? {
        let essence = part.contentType.essence
        if essence.hasPrefix("application/tlsrpt") { return .tls }
        let name = (part.fileName ?? "").lowercased()
        if name.hasSuffix(".json") || name.hasSuffix(".json.gz") {
            return isAnnounced || isReportName(name) ? .tls : nil
        }
        let isPacked = packed.contains(essence) || essence.hasSuffix("/xml")
        let isNamed = [".xml", ".xml.gz", ".zip", ".gz", ".xml.zip"].contains { name.hasSuffix($0) }
        guard isNamed || (isPacked && name.isEmpty) else { return nil }
        return isAnnounced || isReportName(name) ? .aggregate : nil
    }

    private static let packed: Set<String> = [
        "application/gzip", "application/x-gzip", "application/zip", "application/x-zip",
        "application/x-zip-compressed", "application/octet-stream",
    ]

    /// `receiver!domain!begin!end`, RFC 9990 §4.1.
    private static func isReportName(_ name: String) -> Bool {
        let pieces = name.split(separator: "!")
        return pieces.count >= 4 && pieces[2].allSatisfy { $0.isASCII && $0.isNumber }
    }

    /// What is beyond the limit is refused by its length.
    var bytes: [UInt8] { part.decodedBody(bytesMax: ReportArchive.packedBytesMax + 1) }
}
