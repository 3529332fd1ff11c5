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
        let lines = source.withUnsafeBytes { Self.lines($0) }
        bytes = source.prefix(lines.length)
        var isInField = false
        for (index, line) in lines.starts.enumerated() {
            let next = index + 1 < lines.starts.count ? lines.starts[index + 1] : lines.end
            let isContinuation = isSpace(bytes[bytes.startIndex + line])
            if !isContinuation {
                isInField = addField(line..<next)
            } else if isInField {
                fields[fields.count - 1].range = fields[fields.count - 1].range.lowerBound..<next
            } else if index == 0 {
                defects.append(.orphanContinuation)
            }
        }
        for index in fields.indices { fields[index].body = unfolded(fields[index]) }
        guard bytes.contains(where: { $0 >= 0x80 }), let type = first("Content-Type") else {
            return
        }
        let charset = ContentType.reading(type.body[...]).0.parameters["charset"]
        let rawCharset = charset.flatMap { Charset($0) }
        for index in fields.indices { fields[index].rawCharset = rawCharset }
    }

    /// Where lines begin, where the empty one does, and what lies behind that.
    private static func lines(
        _ bytes: UnsafeRawBufferPointer
    ) -> (starts: [Int], end: Int, length: Int) {
        var starts: [Int] = []
        var line = 0
        while line < bytes.count, let base = bytes.baseAddress {
            let found = memchr(base + line, 10, bytes.count - line)
            let next = found.map { UnsafeRawPointer($0) - base + 1 } ?? bytes.count
            let isEmpty = bytes[line] == 10 || (bytes[line] == 13 && next == line + 2)
            if isEmpty { return (starts, line, next) }
            starts.append(line)
            line = next
        }
        return (starts, line, line)
    }

    private mutating func addField(_ range: Range<Int>) -> Bool {
        let line = bytes[
            (bytes.startIndex + range.lowerBound)..<(bytes.startIndex + range.upperBound)]
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            defects.append(.noField(at: range.lowerBound))
            return false
        }
        // RFC 5322 §4.5: space before the colon is obsolete syntax that is still read.
        var name = line[..<colon]
        while let last = name.last, isSpace(last) { name.removeLast() }
        guard !name.isEmpty, name.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            defects.append(.noField(at: range.lowerBound))
            return false
        }
        fields.append(Field(String(decoding: name, as: UTF8.self), range))
        return true
    }

    /// A line end within the body goes alone: what it folded keeps its space.
    private func unfolded(_ field: Field) -> [UInt8] {
        let line = rawBytes(of: field)
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return [] }
        var body = line[(colon + 1)...].drop(while: isSpace)
        while let last = body.last, isSpace(last) || last == 10 || last == 13 { body.removeLast() }
        guard body.contains(10) else { return Array(body.drop(while: isSpace)) }
        var unfolded: [UInt8] = []
        unfolded.reserveCapacity(body.count)
        var lines = Lines(body)
        while let line = lines.next() { unfolded += body[line] }
        return Array(unfolded.drop(while: isSpace))
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

private func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }
