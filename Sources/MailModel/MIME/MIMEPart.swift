/// A part of a mail: the mail itself, a part of a multipart, or the message in a message. A light
/// value that shares the mail. RFC 2045 §2.4
package struct MIMEPart: Sendable {
    let storage: MIMEStorage
    /// Its place among all parts of its mail, each of which comes before its children.
    package let index: Int

    private var node: MIMENode { storage.nodes[index] }

    // MARK: Place

    /// Of the mail's bytes: its header block and its body.
    package var range: Range<Int> { node.header.lowerBound..<node.body.upperBound }
    /// The header block, with the empty line that ends it.
    package var headerRange: Range<Int> { node.header }
    /// The body as it came: of a container with everything that is in it.
    package var bodyRange: Range<Int> { node.body }
    /// Of a multipart, what stands before its first delimiter.
    package var preamble: Range<Int>? { node.preamble }
    /// Of a multipart that was closed, what follows.
    package var epilogue: Range<Int>? { node.epilogue }
    /// Containers around it.
    package var depth: Int { node.depth }

    package var children: [MIMEPart] {
        node.children.map { MIMEPart(storage: storage, index: $0) }
    }
    package var parent: MIMEPart? {
        node.parent.map { MIMEPart(storage: storage, index: $0) }
    }

    /// Whether a message in the mail contains it.
    package var isInMessage: Bool {
        var ancestor = parent
        while let part = ancestor {
            if part.isMessage { return true }
            ancestor = part.parent
        }
        return false
    }

    // MARK: Header

    /// Read anew at each call, in time linear in its length.
    package var header: HeaderBlock { HeaderBlock(storage.bytes[node.header]) }
    /// What is declared, or the default where nothing valid is. RFC 2045 §5.2, RFC 2046 §5.1.5
    package var contentType: ContentType { node.contentType }
    package var transferEncoding: TransferEncoding { node.transferEncoding }
    /// Nil if none is declared. RFC 2183
    package var disposition: ContentDisposition? {
        node.disposition.map { ContentDisposition(storage.bytes[$0]) }
    }

    /// Types and dispositions that stand again, and their parameters.
    var repeatedFields: [(FileName.Source, HeaderParameters)] {
        node.repeated.map { field in
            let body = storage.bytes[field.body]
            return switch field.source {
            case .disposition: (.disposition, ContentDisposition(body).parameters)
            case .contentType: (.contentType, ContentType.reading(body).0.parameters)
            }
        }
    }

    package var isMultipart: Bool { node.contentType.isMultipart }
    /// Whether the body is a mail: RFC 2046 §5.2.1, RFC 6532 §3.7.
    package var isMessage: Bool { node.contentType.isMessage }

    // MARK: Body

    package var rawBody: ArraySlice<UInt8> { storage.bytes[node.body] }

    /// The body with its transfer encoding undone, at most `bytesMax` bytes of it; no longer than
    /// the raw one.
    package func decodedBody(bytesMax: Int = .max) -> [UInt8] {
        node.transferEncoding.decode(rawBody, bytesMax: bytesMax)
    }

    /// What a part holds that must not be encoded as a whole and is, against RFC 2046 §5.2.1 and
    /// RFC 2045 §6.4: of a message the message, of a multipart in which nothing was found the
    /// multipart; nil for all others. Its bytes are its own.
    package func encodedMessage(limits: MIMELimits = .standard) -> MIMEMessage? {
        guard !transferEncoding.isIdentity else { return nil }
        if isMessage { return MIMEMessage(decodedBody(), limits: limits) }
        guard isMultipart, children.isEmpty else { return nil }
        let header = header
        guard let type = header.first("Content-Type") else { return nil }
        let field = Array("Content-Type: ".utf8) + type.body
        return MIMEMessage(field + [13, 10, 13, 10] + decodedBody(), limits: limits)
    }

    /// The decoded body as text, by its declared charset, or the one that it is most likely in;
    /// what is invalid becomes U+FFFD. Line ends stay as they are.
    package func text() -> String {
        let text = MIMEText.decode(decodedBody(), charset: charset)
        // QUIRK: plain text that says to be base64. What gives no text and does not look like base64
        // is shown as it came.
        guard transferEncoding == .base64, !MIMEText.isLegible(text), !Base64.isLikely(rawBody)
        else { return text }
        return MIMEText.decode(Array(rawBody), charset: charset)
    }

    /// QUIRK: a multipart that declares a charset means its parts.
    private var charset: String? {
        var part = self
        while true {
            if let charset = part.contentType.parameters["charset"] { return charset }
            guard let parent = part.parent, parent.isMultipart else { return nil }
            part = parent
        }
    }
}
