package import MailModel

/// A mail as it is told in somebody else's form: its envelope, what was found out about it, and what
/// it says and carries.
package struct PostedMail: Sendable {
    package var mailFrom: ReversePath
    /// Whom the rule took, in order.
    package var recipients: [Mailbox]
    /// The peer's, without port.
    package var peerAddress: String
    package var findings: Findings
    package var contents: MailContents

    package init(
        mailFrom: ReversePath, recipients: [Mailbox], peerAddress: String, findings: Findings,
        contents: MailContents
    ) {
        self.mailFrom = mailFrom
        self.recipients = recipients
        self.peerAddress = peerAddress
        self.findings = findings
        self.contents = contents
    }

    package struct Findings: Sendable {
        /// SPF's own word; nil where it was not asked. RFC 7208 §2.6
        package var spf: String?
        package var dkim = ReceiptVerdict.disabled
        /// The domains whose signature holds.
        package var dkimDomains: [String] = []
        /// Of a rule that scans.
        package var spam = ReceiptVerdict.disabled
        package var spamScore: Double?
        /// Who was asked, and what they answered: a line each.
        package var spamReport: [String] = []

        package init() {}
    }

    // MARK: What several forms have

    /// All addresses of the rule, as an envelope spells them.
    var recipientTexts: [String] { recipients.map(\.wireText) }
    /// Empty for the null path.
    var sender: String {
        switch mailFrom {
        case .null: ""
        case .mailbox(let mailbox): mailbox.wireText
        }
    }

    /// Every field of that name, decoded, with commas between.
    func list(_ name: String) -> String {
        contents.header.all(name).map(\.decodedText).joined(separator: ", ")
    }

    /// The first field of that name, decoded.
    func text(_ name: String) -> String { contents.header.first(name)?.decodedText ?? "" }
}

extension MailContents {
    /// What is posted as a file of its own: parts of the mail, each with its content.
    var files: [MIMEAttachment] { attachments.filter { $0.container == .part } }
}

extension MIMEAttachment {
    /// Bytes of a file's name in a form. A head of a part above 1,024 bytes has some readers refuse the
    /// whole form; each of these may be written as three.
    static let formNameBytesMax = 200
    /// Of a media type. RFC 6838 §4.2: 127 before the slash, and 127 behind it
    static let formMediaTypeBytesMax = 255

    /// The last part of its name, without folders: what receivers of forms keep of it, and `other`
    /// where that would be nothing, for which they would drop the file. Of a long one its end is kept,
    /// which says what it is. RFC 7578 §4.2
    func formName(else other: String) -> String {
        let last = fileName?.split(
            omittingEmptySubsequences: false, whereSeparator: { $0 == "/" || $0 == "\\" }
        ).last
        guard let last, last.contains(where: { $0.isLetter || $0.isNumber }) else { return other }
        var bytes = 0
        let start = last.unicodeScalars.lastIndex { scalar in
            bytes += UTF8.width(scalar)
            return bytes > Self.formNameBytesMax
        }
        guard let start else { return String(last) }
        return String(last.unicodeScalars[start...].dropFirst())
    }

    /// What its part is declared as. A multipart is given as bytes: a reader of forms would take it
    /// apart.
    var formMediaType: String {
        let unknown = "application/octet-stream"
        guard let type = declaredType, !type.hasPrefix("multipart/"),
            type.utf8.count <= Self.formMediaTypeBytesMax,
            type.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return unknown }
        return type
    }
}
