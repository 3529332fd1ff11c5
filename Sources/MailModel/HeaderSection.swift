import Glibc

/// Where the fields of a header section stand in its bytes: the one reading that `HeaderBlock` and
/// those who verify signatures share, so that a mail has no other fields for who shows it.
///
/// A field is a line that begins with no white space and has a colon behind a name, and the lines
/// after it that do begin so. A line ends at LF, with a CR before it or not. Lines that are no field
/// are passed over, with those that continue them, and are defects. RFC 5322 §2.2
package struct HeaderSection: Sendable {
    package struct Field: Sendable, Hashable {
        /// Without the space before the colon, which is obsolete syntax that is still read.
        /// RFC 5322 §4.5
        package let name: Range<Int>
        /// From behind the colon to the end of the last line, with its line end.
        package fileprivate(set) var body: Range<Int>
        package var range: Range<Int> { name.lowerBound..<body.upperBound }
    }

    package private(set) var fields: [Field] = []
    package private(set) var defects: [HeaderBlock.Defect] = []
    /// Bytes up to and with the empty line; the body begins there.
    package private(set) var length = 0
    /// Whether there is an empty line.
    package private(set) var isEnded = false
    /// Whether the last field goes on.
    private var isOpen = false

    /// Reads to the first empty line, or to the end where there is none.
    package init(_ bytes: UnsafeRawBufferPointer) {
        var line = 0
        while line < bytes.count {
            let next = Self.lineEnd(in: bytes, from: line)
            let isContinuation = bytes[line] == 32 || bytes[line] == 9
            if !isContinuation { endField(at: line) }
            if Self.isEmpty(bytes, line..<next) {
                length = next
                isEnded = true
                return
            }
            if !isContinuation {
                beginField(bytes, line..<next)
            } else if line == 0 {
                defects.append(.orphanContinuation)
            }
            line = next
        }
        endField(at: line)
        length = line
    }

    private mutating func beginField(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) {
        guard let colon = Self.colon(in: bytes, line) else {
            return defects.append(.noField(at: line.lowerBound))
        }
        let name = Self.name(in: bytes, line.lowerBound..<colon)
        guard Self.isName(bytes[name]) else {
            return defects.append(.noField(at: line.lowerBound))
        }
        fields.append(Field(name: name, body: (colon + 1)..<line.upperBound))
        isOpen = true
    }

    private mutating func endField(at end: Int) {
        guard isOpen, let field = fields.last else { return }
        isOpen = false
        fields[fields.count - 1].body = field.body.lowerBound..<end
    }

    // MARK: Lines

    /// Behind the next LF from `position`, or the end.
    static func lineEnd(in bytes: UnsafeRawBufferPointer, from position: Int) -> Int {
        guard position < bytes.count, let base = bytes.baseAddress,
            let found = memchr(base + position, 10, bytes.count - position)
        else { return bytes.count }
        return UnsafeRawPointer(found) - base + 1
    }

    /// Whether a line has nothing but its line end.
    static func isEmpty(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) -> Bool {
        let first = bytes[line.lowerBound]
        return first == 10 || (first == 13 && line.count == 2 && bytes[line.lowerBound + 1] == 10)
    }

    static func colon(in bytes: UnsafeRawBufferPointer, _ line: Range<Int>) -> Int? {
        guard let base = bytes.baseAddress,
            let found = memchr(base + line.lowerBound, Int32(UInt8(ascii: ":")), line.count)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// What stands before a colon, without the space at its end.
    static func name(in bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Range<Int> {
        var end = range.upperBound
        while end > range.lowerBound, bytes[end - 1] == 32 || bytes[end - 1] == 9 { end -= 1 }
        return range.lowerBound..<end
    }

    /// `1*ftext`: RFC 5322 §3.6.8
    static func isName(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { $0 > 32 && $0 < 127 }
    }
}
