import MailModel

/// The prose of a report: the lines that its server wrote, apart from the mail that it quotes.
struct ReportText {
    /// Bytes of one part, and lines of all, that are looked at.
    static let partBytesMax = 65_536
    static let linesMax = 2_000
    static let lineBytesMax = 4_096

    private(set) var lines: [String]
    /// The header block of the quoted mail, and what follows it.
    private(set) var quoted: String?

    /// The texts of the mail before the message, or the headers, that it carries.
    init(_ message: MIMEMessage) {
        var text = ""
        for part in message.parts where !part.isInMessage && part.children.isEmpty {
            let essence = part.contentType.essence
            if part.isMessage || essence.hasSuffix("rfc822-headers") { break }
            if text.utf8.count > Self.partBytesMax { break }
            guard part.isShown else { continue }
            text += "\(Self.text(of: part))\n"
        }
        self.init(text)
    }

    init(_ text: String) {
        let all = text.lines().prefix(Self.linesMax).map {
            $0.trimmed().prefix(bytes: Self.lineBytesMax)
        }
        let end = QuotedMailFinder.start(in: all) ?? all.count
        lines = Array(all[..<end])
        quoted = end < all.count ? text.lines()[end...].joined(separator: "\n") : nil
    }

    /// The decoded text of a part; markup is taken out of HTML.
    static func text(of part: MIMEPart) -> String {
        let bytes = part.decodedBody(bytesMax: partBytesMax)
        let charset = part.contentType.parameters["charset"].flatMap { Charset($0) }
        let text =
            charset?.repairedText(bytes) ?? String(validating: bytes, as: UTF8.self)
            ?? Charset("windows-1252")?.repairedText(bytes) ?? ""
        let isHTML = part.contentType.subtype == "html" || text.contains("<br>")
        return isHTML ? Markup.text(of: text) : text
    }
}

extension MIMEPart {
    /// Whether a reader of mails would show it as text; a file that is text is no report.
    fileprivate var isShown: Bool {
        // A multipart whose parts cannot be told apart is read as it stands.
        if isMultipart { return true }
        let subtype = contentType.subtype
        return contentType.type == "text"
            && (subtype == "plain" || subtype == "html" || subtype == "text")
    }
}
