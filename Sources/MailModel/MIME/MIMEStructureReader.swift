/// Reads the tree of parts in one pass over a mail's lines: header blocks where they are due,
/// delimiters of all open multiparts everywhere. RFC 2046 §5.1
struct MIMEStructureReader {
    private let mail: [UInt8]
    private let bytes: UnsafeRawBufferPointer
    private let limits: MIMELimits
    private var nodes: [MIMENode] = []
    private var defects: [MIMEDefect] = []
    /// The containers that the reader is in, from the outermost, and the last leaf.
    private var open: [Int] = []
    /// Of the multiparts among them; the innermost may have been closed.
    private var boundaries = OpenBoundaries()
    /// The last multipart of which a delimiter was met in its epilogue.
    private var notedEpilogue: Int?

    static func read(_ mail: [UInt8], limits: MIMELimits) -> MIMEStorage {
        mail.withUnsafeBytes { bytes in
            var reader = MIMEStructureReader(mail: mail, bytes: bytes, limits: limits)
            reader.run()
            return MIMEStorage(bytes: mail, nodes: reader.nodes, defects: reader.defects)
        }
    }

    private init(mail: [UInt8], bytes: UnsafeRawBufferPointer, limits: MIMELimits) {
        self.mail = mail
        self.bytes = bytes
        self.limits = limits
    }

    private mutating func run() {
        var position = enter(at: 0, default: .textPlain)
        while let delimiter = nextDelimiter(from: position) {
            let node = boundaries.node(delimiter.level)
            let end = max(position, endOfLine(before: delimiter.line.lowerBound))
            close(downTo: node, at: end)
            if nodes[node].children.isEmpty {
                nodes[node].preamble = nodes[node].body.lowerBound..<end
            }
            position = delimiter.line.upperBound
            if delimiter.isClosing {
                boundaries.closeLast()
                nodes[node].epilogue = position..<bytes.count
            } else {
                let isDigest = nodes[node].contentType.subtype == "digest"
                position = enter(at: position, default: isDigest ? .messageRFC822 : .textPlain)
            }
        }
        close(downTo: nil, at: bytes.count)
    }

    // MARK: Parts

    /// Begins the part whose header block stands at `start`, and the message in it where it is one;
    /// where its body begins.
    private mutating func enter(at start: Int, default type: ContentType) -> Int {
        var start = start
        var type = type
        while true {
            let block = readHeaderBlock(at: start)
            let index = addNode(block, at: start, default: type)
            let node = nodes[index]
            if nodes.count >= limits.partsMax {
                note(.partsBeyondLimit, at: start)
                boundaries.removeAll()
                return block.end
            }
            if node.contentType.isMultipart { openMultipart(index) }
            guard node.contentType.isMessage, isOpened(index) else { return block.end }
            start = block.end
            type = .textPlain
        }
    }

    private mutating func addNode(
        _ block: HeaderPlaces, at start: Int, default type: ContentType
    ) -> Int {
        var contentType = type
        if let place = block.contentType {
            let (declared, isValid) = ContentType.reading(mail[place])
            if !isValid { note(.contentTypeInvalid, at: place.lowerBound) }
            contentType = declared
            if contentType.parameters.isCut { note(.parametersBeyondLimit, at: place.lowerBound) }
        }
        let encoding = block.transferEncoding.flatMap { TransferEncoding(mail[$0]) }
        if encoding == .unknown, let place = block.transferEncoding {
            note(.transferEncodingUnknown, at: place.lowerBound)
        }
        let parent = open.last
        let index = nodes.count
        nodes.append(
            MIMENode(
                header: start..<block.end, body: block.end..<bytes.count,
                disposition: block.disposition, repeated: block.repeated, contentType: contentType,
                transferEncoding: encoding ?? .sevenBit, depth: open.count, parent: parent))
        if let parent { nodes[parent].children.append(index) }
        open.append(index)
        return index
    }

    private mutating func openMultipart(_ index: Int) {
        let node = nodes[index]
        if !node.transferEncoding.isIdentity {
            note(.multipartEncoded, at: node.header.lowerBound)
        }
        guard let boundary = node.contentType.boundary else {
            return note(.boundaryMissing, at: node.header.lowerBound)
        }
        guard node.depth < limits.depthMax else {
            return note(.depthBeyondLimit, at: node.header.lowerBound)
        }
        boundaries.append(boundary, of: index)
    }

    /// Whether the message in a part is read as part of this mail.
    private mutating func isOpened(_ index: Int) -> Bool {
        let node = nodes[index]
        guard node.transferEncoding.isIdentity else {
            note(.messageEncoded, at: node.header.lowerBound)
            return false
        }
        guard node.depth < limits.depthMax else {
            note(.depthBeyondLimit, at: node.header.lowerBound)
            return false
        }
        return true
    }

    /// Ends every open part within `node` at `end`, or all of them.
    private mutating func close(downTo node: Int?, at end: Int) {
        while let index = open.last, index != node {
            open.removeLast()
            nodes[index].body =
                nodes[index].body.lowerBound..<max(nodes[index].body.lowerBound, end)
            if let epilogue = nodes[index].epilogue {
                nodes[index].epilogue = epilogue.lowerBound..<max(epilogue.lowerBound, end)
            }
            guard boundaries.lastNode == index else { continue }
            boundaries.removeLast()
            guard nodes[index].epilogue == nil else { continue }
            if nodes[index].children.isEmpty {
                nodes[index].preamble = nodes[index].body
                note(.delimiterMissing, at: nodes[index].header.lowerBound)
            } else {
                note(.closingDelimiterMissing, at: end)
            }
        }
    }

    private mutating func note(_ fact: MIMEDefect.Fact, at offset: Int) {
        guard defects.count < limits.defectsMax else { return }
        defects.append(MIMEDefect(fact, at: offset))
    }

    // MARK: Delimiters

    private struct Delimiter {
        /// Which of `boundaries` it is of.
        var level: Int
        var isClosing: Bool
        /// Of a multipart that was closed before.
        var isInEpilogue: Bool
        /// With its line end.
        var line: Range<Int>
    }

    /// The first delimiter of an open multipart at or behind `start`, where a line begins.
    private mutating func nextDelimiter(from start: Int) -> Delimiter? {
        guard !boundaries.isEmpty else { return nil }
        var line = start
        while line < bytes.count {
            if let delimiter = delimiter(at: line) {
                guard delimiter.isInEpilogue else { return delimiter }
                let node = boundaries.node(delimiter.level)
                // Once is enough for each.
                if node != notedEpilogue { note(.delimiterInEpilogue, at: line) }
                notedEpilogue = node
            }
            line = lineEnd(from: line)
        }
        return nil
    }

    private func delimiter(at line: Int) -> Delimiter? {
        guard !boundaries.isEmpty, let (text, next) = dashedText(at: line),
            let match = boundaries.match(text, isLast: next == bytes.count)
        else { return nil }
        return Delimiter(
            level: match.level, isClosing: match.isClosing, isInEpilogue: match.isInEpilogue,
            line: line..<next)
    }

    /// What stands behind the two dashes that a line begins with, and where the next line begins.
    private func dashedText(at line: Int) -> (text: UnsafeRawBufferPointer, next: Int)? {
        guard line + 2 < bytes.count, bytes[line] == UInt8(ascii: "-"),
            bytes[line + 1] == UInt8(ascii: "-")
        else { return nil }
        let next = lineEnd(from: line)
        var end = next
        while end > line + 2, HeaderCursor.isSpace(bytes[end - 1]) { end -= 1 }
        return (UnsafeRawBufferPointer(rebasing: bytes[(line + 2)..<end]), next)
    }

    /// Where the next line begins.
    private func lineEnd(from line: Int) -> Int { HeaderSection.lineEnd(in: bytes, from: line) }

    /// Where the line end begins that ends before `line`.
    private func endOfLine(before line: Int) -> Int {
        guard line > 0, bytes[line - 1] == UInt8(ascii: "\n") else { return line }
        return line > 1 && bytes[line - 2] == UInt8(ascii: "\r") ? line - 2 : line - 1
    }

    // MARK: Header blocks

    /// Up to the empty line; where that is missing, up to a delimiter of what is open, or of the
    /// multipart that the block itself declares. Lines at its end that have no colon are body.
    private mutating func readHeaderBlock(at start: Int) -> HeaderPlaces {
        var places = HeaderPlaces(mail: mail)
        var line = start
        while line < bytes.count {
            let byte = bytes[line]
            let next = lineEnd(from: line)
            let isEmpty = HeaderSection.isEmpty(bytes, line..<next)
            let isContinuation = byte == 32 || byte == 9
            if !isContinuation { endField(&places, at: line) }
            if isEmpty {
                places.end = next
                return endedByText(places, at: line)
            }
            if byte == UInt8(ascii: "-"), let (text, _) = dashedText(at: line) {
                if delimiter(at: line) != nil { break }
                if places.isDelimiter(text) { break }
            }
            if !isContinuation { places.beginField(bytes, line..<next) }
            line = next
        }
        endField(&places, at: line)
        places.end = line
        if places.text == nil, line > start { note(.headerUnended, at: line) }
        return endedByText(places, at: line)
    }

    private mutating func endField(_ places: inout HeaderPlaces, at end: Int) {
        if places.endField(at: end) == .repeated { note(.fieldRepeated, at: end) }
    }

    /// Python's `email` and others end a header block at the first line that is no field. Where
    /// fields follow it, that would hide them, so only what no field follows is taken for text.
    private mutating func endedByText(_ places: HeaderPlaces, at line: Int) -> HeaderPlaces {
        guard let text = places.text, text < line else { return places }
        var places = places
        places.end = text
        note(.headerUnended, at: text)
        return places
    }
}
