/// Something that a mail carries beside its text: what it says to be, what it is, and every name that
/// it is given. Nothing of it is opened or trusted, and nothing but the text in TNEF is decompressed.
package struct MIMEAttachment: Sendable, Hashable {
    package enum Container: String, Sendable, Hashable {
        /// A part of its own.
        case part
        /// A file that is uuencoded within a text.
        case uuencode
        /// Within Outlook's TNEF: an attachment, or the mail's text.
        case tnef
    }

    /// The sections of the parts around it, from 1, in RFC 3501 §6.4.5's way (`2.1`); behind `/`
    /// those of a message that was encoded as a whole.
    package var section: String
    package var container: Container
    /// In lower case, without parameters; nil where nothing is declared.
    package var declaredType: String?
    /// By its first bytes; nil where nobody was asked or nobody knows.
    package var seenType: String?
    /// `attachment`, `inline` or something else; nil where none is declared.
    package var disposition: String?
    package var contentID: String?
    /// Every way that it is named, the name of highest precedence first.
    package var names: [Name]
    /// Bytes, decoded.
    package var size: Int
    /// Of the decoded bytes.
    package var sha256: [UInt8]
    /// The decoded bytes, where they were asked for and there was room.
    package var content: [UInt8]?

    package struct Name: Sendable, Hashable {
        /// Where it stands and how it is spelled: `Content-Disposition filename`, `… filename*`,
        /// `… filename*0`, `uuencode`, `tnef`.
        package var place: String
        /// Decoded, nothing taken off.
        package var value: String
    }

    package var fileName: String? { names.first?.value }
}
