/// Where a header block ends and where the bodies of the fields stand that say what a part is. The
/// first of several fields of one name counts: that is what most readers of mails take.
struct HeaderPlaces {
    private let mail: [UInt8]
    var end = 0
    private(set) var contentType: Range<Int>?
    private(set) var transferEncoding: Range<Int>?
    private(set) var disposition: Range<Int>?
    /// Where the types and dispositions behind the first ones stand.
    private(set) var repeated: [RepeatedField] = []
    /// The first line without a colon that no field follows.
    private(set) var text: Int?
    private var field: (kind: Kind, body: Int)?
    private var ownBoundary = OpenBoundaries()
    private var isBoundaryRead = false

    private enum Kind { case contentType, transferEncoding, disposition }

    init(mail: [UInt8]) { self.mail = mail }

    /// Whether a line that has `text` behind its dashes delimits the multipart that the block
    /// itself declares.
    mutating func isDelimiter(_ text: UnsafeRawBufferPointer) -> Bool {
        if !isBoundaryRead, let contentType {
            isBoundaryRead = true
            let boundary = ContentType.reading(mail[contentType]).0.boundary
            if let boundary { ownBoundary.append(boundary, of: 0) }
        }
        return ownBoundary.match(text, isLast: false) != nil
    }

    enum Ending { case first, repeated, none }

    /// Ends the field that goes on, before `end`.
    mutating func endField(at end: Int) -> Ending {
        guard let (kind, body) = field else { return .none }
        field = nil
        let range = body..<end
        switch kind {
        case .contentType where contentType == nil:
            contentType = range
            return .first
        case .transferEncoding where transferEncoding == nil:
            transferEncoding = range
            return .first
        case .disposition where disposition == nil:
            disposition = range
            return .first
        case .contentType: repeated.append(RepeatedField(source: .contentType, body: range))
        case .disposition: repeated.append(RepeatedField(source: .disposition, body: range))
        case .transferEncoding: break
        }
        return .repeated
    }

    /// Begins a field on `line`, if it is one that matters, or text, if it is none.
    mutating func beginField(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) {
        guard let colon = HeaderSection.colon(in: bytes, line) else {
            return text = text ?? line.lowerBound
        }
        let name = bytes[HeaderSection.name(in: bytes, line.lowerBound..<colon)]
        if text != nil, HeaderSection.isName(name) { text = nil }
        guard (12...25).contains(name.count), bytes[line.lowerBound + 7] == UInt8(ascii: "-") else {
            return
        }
        switch String(decoding: name, as: UTF8.self).lowercased() {
        case "content-type": field = (.contentType, colon + 1)
        case "content-transfer-encoding": field = (.transferEncoding, colon + 1)
        case "content-disposition": field = (.disposition, colon + 1)
        default: break
        }
    }
}

/// A field that names a part's content once more; `body` is without its name.
struct RepeatedField: Sendable {
    var source: FileName.Source
    var body: Range<Int>
}
