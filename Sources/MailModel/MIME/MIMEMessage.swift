/// A mail that was read: its tree of parts over its bytes, and what was wrong with it. Reading never
/// fails and loses no byte; it takes time linear in the mail, and beside the mail itself memory for
/// its parts alone: bodies are ranges of the mail until somebody decodes them. RFC 5322, RFC 2045,
/// RFC 2046
package struct MIMEMessage: Sendable {
    let storage: MIMEStorage

    /// Keeps `bytes` as they are.
    package init(_ bytes: [UInt8], limits: MIMELimits = .standard) {
        storage = MIMEStructureReader.read(bytes, limits: limits)
    }

    package var bytes: [UInt8] { storage.bytes }
    /// What deviates, in the order of the mail; at most `MIMELimits.defectsMax`.
    package var defects: [MIMEDefect] { storage.defects }
    /// The mail as a part: its header block is the mail's.
    package var root: MIMEPart { MIMEPart(storage: storage, index: 0) }
    /// Every part, each before its children, in the order of the mail.
    package var parts: [MIMEPart] {
        storage.nodes.indices.map { MIMEPart(storage: storage, index: $0) }
    }
    package var header: HeaderBlock { root.header }

    /// For each part, by its index, its section in RFC 3501 §6.4.5's way: `2.1` is the first part of
    /// the second, and the parts of a message count as those of the part that it is in. A mail that
    /// is one part is `1`, and a multipart that is the whole mail is the empty text.
    package var sections: [String] {
        var sections = [String](repeating: "", count: storage.nodes.count)
        for (index, node) in storage.nodes.enumerated() {
            let isMultipart = node.contentType.isMultipart && !node.children.isEmpty
            if index == 0, !isMultipart { sections[0] = "1" }
            for (position, child) in node.children.enumerated() {
                let number = sections[index].isEmpty ? "" : "\(sections[index])."
                let isMessageBody = !isMultipart && storage.nodes[child].contentType.isMultipart
                sections[child] = isMessageBody ? sections[index] : "\(number)\(position + 1)"
            }
        }
        return sections
    }
}

/// What a mail may make of its reader. What goes beyond stays in the mail as one part, and is a
/// defect.
package struct MIMELimits: Sendable {
    /// Multiparts and messages around a part.
    package var depthMax: Int
    /// Parts of a mail, containers among them.
    package var partsMax: Int
    /// Defects that are told; there may be more.
    package var defectsMax: Int

    package init(depthMax: Int, partsMax: Int, defectsMax: Int) {
        self.depthMax = depthMax
        self.partsMax = partsMax
        self.defectsMax = defectsMax
    }

    package static let standard = MIMELimits(depthMax: 100, partsMax: 10_000, defectsMax: 1_000)
}

/// What a mail is and what reading it gave; all its parts share one.
final class MIMEStorage: Sendable {
    let bytes: [UInt8]
    /// Each before its children; there is always a first.
    let nodes: [MIMENode]
    let defects: [MIMEDefect]

    init(bytes: [UInt8], nodes: [MIMENode], defects: [MIMEDefect]) {
        self.bytes = bytes
        self.nodes = nodes
        self.defects = defects
    }
}

/// One part in the storage: all places are offsets in the mail.
struct MIMENode: Sendable {
    /// The header block with the empty line that ends it.
    var header: Range<Int>
    /// Everything behind the header block that belongs to the part, to before the line end that a
    /// following delimiter owns.
    var body: Range<Int>
    /// Where the body's field stands, without its name.
    var disposition: Range<Int>?
    /// Fields that say more of what it is, and do not count but for names.
    var repeated: [RepeatedField]
    var contentType: ContentType
    var transferEncoding: TransferEncoding
    var depth: Int
    var parent: Int?
    var children: [Int] = []
    /// Of a multipart: what stands before its first delimiter and behind its last.
    var preamble: Range<Int>?
    var epilogue: Range<Int>?
}
