import Glibc

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
    /// Of the multiparts among them those that have not been closed.
    private var boundaries: [(text: [UInt8], node: Int)] = []

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
            let node = boundaries[delimiter.level].node
            let end = max(position, endOfLine(before: delimiter.line.lowerBound))
            close(downTo: node, at: end)
            if nodes[node].children.isEmpty {
                nodes[node].preamble = nodes[node].body.lowerBound..<end
            }
            position = delimiter.line.upperBound
            if delimiter.isClosing {
                boundaries.removeLast()
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
            let declared = ContentType(mail[place])
            if declared == nil { note(.contentTypeInvalid, at: place.lowerBound) }
            contentType = declared ?? .textPlain
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
                disposition: block.disposition, contentType: contentType,
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
        var boundary = node.contentType.parameters.bytes("boundary") ?? []
        // No delimiter's text ends in space: RFC 2046 §5.1.1.
        while let last = boundary.last, HeaderCursor.isSpace(last) { boundary.removeLast() }
        guard !boundary.isEmpty else { return note(.boundaryMissing, at: node.header.lowerBound) }
        guard node.depth < limits.depthMax else {
            return note(.depthBeyondLimit, at: node.header.lowerBound)
        }
        boundaries.append((boundary, index))
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
            guard boundaries.last?.node == index else { continue }
            boundaries.removeLast()
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
        /// With its line end.
        var line: Range<Int>
    }

    /// The first delimiter of an open multipart at or behind `start`, where a line begins.
    private func nextDelimiter(from start: Int) -> Delimiter? {
        guard !boundaries.isEmpty else { return nil }
        var line = start
        while line < bytes.count {
            if let delimiter = delimiter(at: line) { return delimiter }
            line = lineEnd(from: line)
        }
        return nil
    }

    /// `delimiter := CRLF "--" boundary`, `close-delimiter := delimiter "--"`, each followed by
    /// `transport-padding`: the innermost multipart that has it.
    private func delimiter(at line: Int) -> Delimiter? {
        guard line + 2 < bytes.count, bytes[line] == UInt8(ascii: "-"),
            bytes[line + 1] == UInt8(ascii: "-"), !boundaries.isEmpty
        else { return nil }
        let next = lineEnd(from: line)
        var end = next
        while end > line + 2, HeaderCursor.isSpace(bytes[end - 1]) { end -= 1 }
        let text = UnsafeRawBufferPointer(rebasing: bytes[(line + 2)..<end])
        for level in boundaries.indices.reversed() {
            let boundary = boundaries[level].text
            let surplus = text.count - boundary.count
            guard surplus == 0 || surplus == 2, text.starts(with: boundary) else { continue }
            if surplus == 0 { return Delimiter(level: level, isClosing: false, line: line..<next) }
            guard text.suffix(2).elementsEqual("--".utf8) else { continue }
            return Delimiter(level: level, isClosing: true, line: line..<next)
        }
        return nil
    }

    /// Where the next line begins.
    private func lineEnd(from line: Int) -> Int {
        guard line < bytes.count, let base = bytes.baseAddress,
            let found = memchr(base + line, 10, bytes.count - line)
        else { return bytes.count }
        return UnsafeRawPointer(found) - base + 1
    }

    /// Where the line end begins that ends before `line`.
    private func endOfLine(before line: Int) -> Int {
        guard line > 0, bytes[line - 1] == UInt8(ascii: "\n") else { return line }
        return line > 1 && bytes[line - 2] == UInt8(ascii: "\r") ? line - 2 : line - 1
    }

    // MARK: Header blocks

    /// Where a header block ends and where the bodies of the fields stand that say what the part is.
    private struct HeaderPlaces {
        var end = 0
        var contentType: Range<Int>?
        var transferEncoding: Range<Int>?
        var disposition: Range<Int>?
    }

    private mutating func readHeaderBlock(at start: Int) -> HeaderPlaces {
        var places = HeaderPlaces()
        var line = start
        var field: (start: Int, name: WritableKeyPath<HeaderPlaces, Range<Int>?>, length: Int)?
        func endField(at end: Int) -> Bool {
            guard let (start, name, length) = field else { return false }
            field = nil
            guard places[keyPath: name] == nil else { return true }
            places[keyPath: name] = (start + length)..<end
            return false
        }
        while line < bytes.count {
            let byte = bytes[line]
            let next = lineEnd(from: line)
            if byte == 10 || (byte == 13 && next == line + 2) {
                if endField(at: line) { note(.fieldRepeated, at: line) }
                places.end = next
                return places
            }
            if byte == UInt8(ascii: "-"), delimiter(at: line) != nil { break }
            if byte != 32 && byte != 9 {
                if endField(at: line) { note(.fieldRepeated, at: line) }
                if byte | 0x20 == UInt8(ascii: "c"), let found = name(of: line..<next) {
                    field = (line, found.path, found.length)
                }
            }
            line = next
        }
        if endField(at: line) { note(.fieldRepeated, at: line) }
        if line > start { note(.headerUnended, at: line) }
        places.end = line
        return places
    }

    /// Which of the fields the line begins, and the length of its name with the colon.
    private func name(
        of line: Range<Int>
    ) -> (path: WritableKeyPath<HeaderPlaces, Range<Int>?>, length: Int)? {
        guard line.count > 12, bytes[line.lowerBound + 7] == UInt8(ascii: "-"),
            let colon = bytes[line].prefix(64).firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        var name = bytes[line.lowerBound..<colon]
        while let last = name.last, last == 32 || last == 9 { name.removeLast() }
        let length = colon + 1 - line.lowerBound
        switch String(decoding: name, as: UTF8.self).lowercased() {
        case "content-type": return (\.contentType, length)
        case "content-transfer-encoding": return (\.transferEncoding, length)
        case "content-disposition": return (\.disposition, length)
        default: return nil
        }
    }
}
