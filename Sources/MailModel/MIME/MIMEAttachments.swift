import Crypto

/// The list of what a mail carries: every part that is no container and no text to read, also a
/// multipart in which no part was found; files that are uuencoded in texts and around the parts of a
/// multipart; what TNEF holds; and the same of what is encoded as a whole. Each content is decoded
/// and hashed once, one at a time.
package struct MIMEAttachments: Sendable {
    /// Attachments that are listed of a mail.
    package static let countMax = 1_000
    /// Encoded messages within one another that are opened, and messages in TNEF.
    package static let encodedDepthMax = 5

    /// Bytes of a content that a guesser is given: enough for the kinds of office documents to be
    /// told apart, and few enough that no content costs much time.
    package static let frontBytesMax = 4_096

    package private(set) var list: [MIMEAttachment] = []
    /// Whether there was more than `countMax`, or deeper than `encodedDepthMax`.
    package private(set) var isCut = false
    private let guesser: (any ContentTypeGuesser)?
    /// Bytes of contents that are still kept.
    private var room: Int

    /// The contents that fit into `contentsBytesMax` together are kept, each whole or not at all.
    package init(
        of message: MIMEMessage, guesser: (any ContentTypeGuesser)? = nil, contentsBytesMax: Int = 0
    ) {
        self.guesser = guesser
        room = contentsBytesMax
        read(message, prefix: "", encodedDepth: 0)
    }

    private mutating func read(_ message: MIMEMessage, prefix: String, encodedDepth: Int) {
        let bodies = MIMEBodies(message)
        let shown = Set((bodies.text + bodies.html).map(\.index))
        let sections = message.sections
        for part in message.parts {
            let section = prefix + sections[part.index]
            switch role(of: part, isShown: shown.contains(part.index)) {
            case .text: addFiles(in: part.decodedBody()[...], section: section)
            case .attachment: add(part, section: section)
            case .containedMessage: break
            case .container:
                for range in [part.preamble, part.epilogue] {
                    range.map { addFiles(in: message.bytes[$0], section: section) }
                }
            case .unopened:
                add(part, section: section)
                addFiles(in: part.decodedBody()[...], section: section)
            }
            guard let inner = part.encodedMessage() else { continue }
            guard encodedDepth < Self.encodedDepthMax else {
                isCut = true
                continue
            }
            read(inner, prefix: section + "/", encodedDepth: encodedDepth + 1)
        }
    }

    private enum Role {
        /// To read: of the mail or of a message in it.
        case text
        case attachment
        /// A message within a message: what it carries is listed, and it is part of one that is
        /// hashed.
        case containedMessage
        /// A multipart with its parts.
        case container
        /// A multipart in which none was found, though others may find some.
        case unopened
    }

    private func role(of part: MIMEPart, isShown: Bool) -> Role {
        if part.isMultipart {
            return part.children.isEmpty && !part.rawBody.isEmpty ? .unopened : .container
        }
        let isInMessage = part.isInMessage
        if part.isMessage, isInMessage { return .containedMessage }
        let isText = part.contentType.type == "text" && part.fileName == nil
        return isText && (isShown || isInMessage) ? .text : .attachment
    }

    private mutating func add(_ part: MIMEPart, section: String) {
        let header = part.header
        let bytes = part.decodedBody()
        append(bytes[...]) { attachment in
            attachment.section = section
            attachment.declaredType =
                header.first("Content-Type") == nil ? nil : part.contentType.essence
            attachment.disposition = part.disposition?.type
            attachment.contentID = header.first("Content-ID")?.text
            attachment.names = part.fileNames.map {
                MIMEAttachment.Name(place: $0.place, value: $0.value)
            }
        }
        addTNEF(bytes[...], section, depth: 0)
    }

    private mutating func addFiles(in text: ArraySlice<UInt8>, section: String) {
        for file in UUEncoding.files(in: text, filesMax: Self.countMax - list.count) {
            append(file.bytes[...]) { attachment in
                attachment.section = section
                attachment.container = .uuencode
                let name = MIMEText.guess(Array(file.name))
                attachment.names = [MIMEAttachment.Name(place: "uuencode", value: name)]
            }
            addTNEF(file.bytes[...], section, depth: 0)
        }
    }

    /// Where a content is TNEF, whatever it is called: its texts, its attachments, and what messages
    /// among these hold.
    private mutating func addTNEF(_ bytes: ArraySlice<UInt8>, _ section: String, depth: Int) {
        guard TNEF.isTNEF(bytes) else { return }
        guard depth <= Self.encodedDepthMax, list.count < Self.countMax, let tnef = TNEF(bytes)
        else { return isCut = true }
        let texts: [(String, ArraySlice<UInt8>?)] = [
            ("text/plain", tnef.text.map { Array($0.utf8)[...] }), ("text/html", tnef.html),
            ("text/rtf", tnef.rtf?[...]),
        ]
        for (type, text) in texts {
            guard let text, !text.isEmpty else { continue }
            append(text) { attachment in
                attachment.section = section
                attachment.container = .tnef
                attachment.declaredType = type
            }
        }
        for inner in tnef.attachments {
            append(inner.data) { attachment in
                attachment.section = section
                attachment.container = .tnef
                attachment.declaredType = inner.mediaType?.lowercased()
                attachment.contentID = inner.contentID
                attachment.names = inner.names.map {
                    MIMEAttachment.Name(place: "tnef", value: $0)
                }
            }
            addTNEF(inner.data, section, depth: depth + 1)
        }
    }

    private mutating func append(
        _ bytes: ArraySlice<UInt8>, _ describe: (inout MIMEAttachment) -> Void
    ) {
        guard list.count < Self.countMax else { return isCut = true }
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        let front = bytes.prefix(Self.frontBytesMax)
        var attachment = MIMEAttachment(
            section: "", container: .part, seenType: guesser?.contentType(of: front), names: [],
            size: bytes.count, sha256: Array(hash.finalize()))
        describe(&attachment)
        if room > 0, bytes.count <= room {
            attachment.content = Array(bytes)
            room -= bytes.count
        }
        list.append(attachment)
    }
}
