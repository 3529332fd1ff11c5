import Glibc

/// The header section of a mail: its bytes exactly as they came, and where its fields stand in
/// them. Reading it never fails: what is no field is kept as a defect. RFC 5322 §2.2
package struct HeaderBlock: Sendable {
    package struct Field: Sendable, Hashable {
        /// As written.
        package var name: String
        /// The body of the field without its folding's line ends and surrounding space: bytes,
        /// since a header may hold anything.
        package var body: [UInt8]
        /// Where the field stands in the block's bytes, its last line end included.
        package var range: Range<Int>

        /// The body as text; bytes that are not UTF-8 become U+FFFD.
        package var text: String { String(decoding: body, as: UTF8.self) }
        /// The body with RFC 2047's encoded words decoded. Other bytes that are not UTF-8 are taken
        /// for what the mail declares for its text.
        package var decodedText: String {
            Self.addressFields.contains(name.lowercased())
                ? EncodedWords.decodeOutsideQuotes(body, rawCharset: rawCharset)
                : EncodedWords.decode(body, rawCharset: rawCharset)
        }
        fileprivate var rawCharset: Charset?

        fileprivate init(_ name: String, _ range: Range<Int>) {
            self.name = name
            self.range = range
            body = []
        }

        private static let addressFields: Set<String> = [
            "from", "sender", "reply-to", "to", "cc", "bcc",
        ]
    }

    package enum Defect: Sendable, Hashable {
        /// A line without a colon, or with an invalid name, at this byte; lines that continue it
        /// belong to it.
        case noField(at: Int)
        /// The first line begins with a space: there is nothing that it continues.
        case orphanContinuation
    }

    /// All of it, to and with the empty line. Shares what it was read from.
    package let bytes: ArraySlice<UInt8>
    package private(set) var fields: [Field] = []
    package private(set) var defects: [Defect] = []
    /// Bytes up to and with the empty line; the body begins there.
    package var length: Int { bytes.count }

    /// Reads up to the first empty line, or to the end.
    package init(_ source: ArraySlice<UInt8>) {
        var reader = Reader()
        source.withUnsafeBytes { reader.read($0) }
        bytes = source.prefix(reader.length)
        fields = reader.fields
        defects = reader.defects
        guard reader.hasRawBytes, let type = first("Content-Type") else { return }
        let charset = ContentType.reading(type.body[...]).0.parameters["charset"]
        let rawCharset = charset.flatMap { Charset($0) }
        for index in fields.indices { fields[index].rawCharset = rawCharset }
    }

    /// Goes over the lines of a block once.
    private struct Reader {
        var fields: [Field] = []
        var defects: [Defect] = []
        var length = 0
        var hasRawBytes = false
        /// Where the field begins that the lines belong to, and its colon stands.
        private var open: (start: Int, colon: Int)?

        mutating func read(_ bytes: UnsafeRawBufferPointer) {
            guard let base = bytes.baseAddress else { return }
            var line = 0
            while line < bytes.count {
                let found = memchr(base + line, 10, bytes.count - line)
                let next = found.map { UnsafeRawPointer($0) - base + 1 } ?? bytes.count
                let first = bytes[line]
                let isContinuation = first == 32 || first == 9
                if !isContinuation { endField(bytes, at: line) }
                if first == 10 || (first == 13 && next == line + 2) {
                    length = next
                    return
                }
                if !isContinuation {
                    beginField(bytes, line..<next)
                } else if line == 0 {
                    defects.append(.orphanContinuation)
                }
                line = next
            }
            endField(bytes, at: line)
            length = line
        }

        private mutating func beginField(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) {
            guard let base = bytes.baseAddress,
                let found = memchr(base + line.lowerBound, Int32(UInt8(ascii: ":")), line.count)
            else { return defects.append(.noField(at: line.lowerBound)) }
            let colon = UnsafeRawPointer(found) - base
            // RFC 5322 §4.5: space before the colon is obsolete syntax that is still read.
            var end = colon
            while end > line.lowerBound, bytes[end - 1] == 32 || bytes[end - 1] == 9 { end -= 1 }
            let name = bytes[line.lowerBound..<end]
            guard !name.isEmpty, name.allSatisfy({ $0 > 32 && $0 < 127 }) else {
                return defects.append(.noField(at: line.lowerBound))
            }
            let text = String(decoding: UnsafeRawBufferPointer(rebasing: name), as: UTF8.self)
            fields.append(Field(text, line))
            open = (line.lowerBound, colon)
        }

        private mutating func endField(_ bytes: UnsafeRawBufferPointer, at end: Int) {
            guard let (start, colon) = open else { return }
            open = nil
            let body = UnsafeRawBufferPointer(rebasing: bytes[(colon + 1)..<end])
            hasRawBytes = hasRawBytes || Self.isBeyondASCII(body)
            fields[fields.count - 1].body = Self.unfolded(body)
            fields[fields.count - 1].range = start..<end
        }

        private static func isBeyondASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
            var seen: UInt64 = 0
            var index = 0
            while index + 8 <= bytes.count {
                seen |= bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                index += 8
            }
            while index < bytes.count {
                seen |= UInt64(bytes[index])
                index += 1
            }
            return seen & 0x8080_8080_8080_8080 != 0
        }

        /// A line end within the body goes alone: what it folded keeps its space.
        private static func unfolded(_ body: UnsafeRawBufferPointer) -> [UInt8] {
            var end = body.count
            while end > 0, HeaderCursor.isSpace(body[end - 1]) { end -= 1 }
            var start = 0
            while start < end, HeaderCursor.isSpace(body[start]), !isBareCR(body, start) {
                start += 1
            }
            guard start < end, let base = body.baseAddress else { return [] }
            var unfolded: [UInt8] = []
            unfolded.reserveCapacity(end - start)
            while start < end {
                let found = memchr(base + start, 10, end - start)
                let next = found.map { UnsafeRawPointer($0) - base } ?? end
                let isCRLF = next < end && next > start && body[next - 1] == 13
                unfolded += UnsafeRawBufferPointer(
                    rebasing: body[start..<(isCRLF ? next - 1 : next)])
                start = next + 1
            }
            return unfolded
        }

        private static func isBareCR(_ body: UnsafeRawBufferPointer, _ index: Int) -> Bool {
            body[index] == 13 && body[index + 1] != 10
        }
    }

    /// A field as it came, its last line end included.
    package func rawBytes(of field: Field) -> ArraySlice<UInt8> {
        bytes[
            (bytes.startIndex + field.range.lowerBound)..<(bytes.startIndex + field.range.upperBound)
        ]
    }

    /// All fields called `name`, in any case, in order.
    package func all(_ name: String) -> [Field] {
        let wanted = name.lowercased()
        // Lengths first: a header section of nothing but names has some 65,000 of them.
        return fields.filter {
            $0.name.utf8.count == wanted.utf8.count && $0.name.lowercased() == wanted
        }
    }

    package func first(_ name: String) -> Field? { all(name).first }
}
