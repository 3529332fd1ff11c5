/// Something in a mail's structure that is not as the RFCs want it, and where.
package struct MIMEDefect: Sendable, Hashable {
    package enum Fact: String, Sendable, Hashable, CaseIterable {
        /// A `Content-Type` that names no type: the part is read as its default type says.
        case contentTypeInvalid
        /// A multipart that names no boundary: it is kept as one part.
        case boundaryMissing
        /// A multipart in which its delimiter does not stand: all of it is preamble.
        case delimiterMissing
        /// A multipart that ends with what contains it.
        case closingDelimiterMissing
        /// A delimiter of a multipart behind the one that closes it, which readers may differ on.
        case delimiterInEpilogue
        /// A header block that something else than an empty line ends: a delimiter, text, or the end
        /// of the mail.
        case headerUnended
        /// A field that may stand once in a header block and stands again; the first one counts, but
        /// all of them name the content.
        case fieldRepeated
        /// A transfer encoding that nobody knows: the body is taken as it is.
        case transferEncodingUnknown
        /// A multipart that says to be encoded as a whole, which it must not be: RFC 2045 §6.4.
        case multipartEncoded
        /// An embedded message that is encoded as a whole: RFC 2046 §5.2.1.
        case messageEncoded
        /// More parameters than `HeaderParameters.entriesMax`: the others are left out.
        case parametersBeyondLimit
        /// A container at `MIMELimits.depthMax`: it is kept as one part.
        case depthBeyondLimit
        /// The part at `MIMELimits.partsMax`: all that follows is in it.
        case partsBeyondLimit
    }

    package var fact: Fact
    /// The byte of the mail that it is about.
    package var offset: Int

    package init(_ fact: Fact, at offset: Int) {
        self.fact = fact
        self.offset = offset
    }
}
