import MailAuthentication
import MailModel

extension FuzzTarget {
    /// The header section that somebody submits: refused, or made into one that has our fields once,
    /// nothing that is for us, nobody who shall not be seen, and all else as it was. DMARC finds no
    /// author in it but those that it was taken for. A report on it is 7-bit and has its parts.
    static let submission = FuzzTarget("submission") { bytes in
        guard let submitted = try? SubmittedHeader(bytes[...], bytesMax: 2_000, author: writer)
        else { return }
        let sent = SentHeader(submitted, stamp)
        let header = HeaderBlock(sent.bytes[...])
        try requireEqual(header.defects, [], "defects of what leaves")
        try requireEqual(header.length, sent.bytes.count, "where the header ends")
        let names = header.fields.map { $0.name.lowercased() }
        for name in ["from", "date", "message-id"] {
            try requireEqual(names.count { $0 == name }, 1, "fields called \(name)")
        }
        try require(names.allSatisfy { !removed.contains($0) }, "what is for us leaves")
        for line in sent.bytes.split(separator: 10, omittingEmptySubsequences: false).dropLast() {
            try require(line.last == 13 && line.count <= 999, "a line that is none")
            try require(!line.dropLast().contains { $0 == 13 || $0 == 0 }, "CR or NUL in a line")
        }
        let others: (HeaderBlock) -> [ArraySlice<UInt8>] = { block in
            block.fields.filter { field in
                let name = field.name.lowercased()
                return !removed.contains(name) && !ours.contains(name)
            }.map { trimmed(block.rawBytes(of: $0)) }
        }
        try requireEqual(others(header), others(submitted.block), "the other fields")
        try requireEqual(
            header.first("Message-ID")?.text, "<\(stamp.id.text)@\(stamp.domain.ascii)>",
            "the Message-ID")
        // Read again it is the same, and names the same.
        let again = try SubmittedHeader(sent.bytes[...], bytesMax: 8_000)
        try requireEqual(again.from, submitted.from, "whom From names")
        try requireEqual(again.sender, submitted.sender, "whom Sender names")
        try requireEqual(SentHeader(again, stamp).bytes, sent.bytes, "what leaves again")
        if let domain = try? AuthorDomain.find(in: header) {
            try require(
                submitted.from.contains { $0.domain == domain }, "DMARC finds another author")
        }
        try checkReport(on: sent.bytes)
    }

    private static func checkReport(on header: [UInt8]) throws {
        let report = DeliveryReportMail(
            id: stamp.id, at: stamp.date, domain: stamp.domain, to: writer,
            reportingMTA: stamp.domain,
            recipients: [
                DeliveryReportMail.Recipient(
                    address: writer, action: .failed,
                    status: EnhancedStatus(class: 5, subject: 0, detail: 0),
                    reply: String(decoding: header, as: UTF8.self))
            ], original: .whole(header[...])
        ).bytes
        try require(report.allSatisfy { $0 < 127 || $0 == 127 && header.contains(127) }, "8-bit")
        try requireEqual(MIMEMessage(report).root.children.count, 3, "parts of a report")
    }

    private static func trimmed(_ field: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        field.last == 10 ? field.dropLast(2) : field
    }

    private static let writer = Mailbox(
        validatedLocalPart: "a", domain: Domain(validatedASCII: "b.example"))

    private static let stamp: SentHeader.Stamp = {
        guard let id = MessageID(bytes: [UInt8](repeating: 7, count: MessageID.bytesCount)) else {
            preconditionFailure("24 bytes are an id")
        }
        return SentHeader.Stamp(
            id: id, domain: Domain(validatedASCII: "service.example"),
            date: Timestamp(milliseconds: 0))
    }()

    private static let removed: Set<String> = [
        "bcc", "resent-bcc", "return-path", "x-ses-configuration-set", "x-ses-message-tags",
        "x-ses-source-arn", "x-ses-from-arn", "x-ses-return-path-arn",
        "x-ses-list-management-options", "x-ses-tenant",
    ]
    private static let ours: Set<String> = ["from", "date", "message-id", "mime-version"]
}
