/// The header section of a mail, field by field, as it came. Reading it never fails: what is no
/// field is kept as a defect. RFC 5322 §2.2
package struct HeaderBlock: Sendable {
    package struct Field: Sendable, Hashable {
        /// As written.
        package var name: String
        /// The body of the field without its folding's line ends and surrounding space: bytes,
        /// since a header may hold anything.
        package var body: [UInt8]

        /// The body as text; bytes that are not UTF-8 become U+FFFD.
        package var text: String { String(decoding: body, as: UTF8.self) }
        /// The body with RFC 2047's encoded words decoded.
        package var decodedText: String {
            Self.addressFields.contains(name.lowercased())
                ? EncodedWords.decodeOutsideQuotes(body) : EncodedWords.decode(body)
        }

        private static let addressFields: Set<String> = [
            "from", "sender", "reply-to", "to", "cc", "bcc",
        ]
    }

    package enum Defect: Sendable, Hashable {
        /// A line without a colon, or with an invalid name, at this byte.
        case noField(at: Int)
        /// The first line begins with a space: there is nothing that it continues.
        case orphanContinuation
    }

    package private(set) var fields: [Field] = []
    package private(set) var defects: [Defect] = []
    /// Bytes up to and with the empty line; the body begins there.
    package private(set) var length = 0

    package init(_ bytes: ArraySlice<UInt8>) {
        var position = bytes.startIndex
        while position < bytes.endIndex {
            let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
            let next = end < bytes.endIndex ? end + 1 : end
            var line = bytes[position..<end]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if line.isEmpty {
                position = next
                break
            }
            add(line, at: position - bytes.startIndex)
            position = next
        }
        length = position - bytes.startIndex
        for index in fields.indices { fields[index].body.trimSpaces() }
    }

    private mutating func add(_ line: ArraySlice<UInt8>, at offset: Int) {
        if line.first == UInt8(ascii: " ") || line.first == UInt8(ascii: "\t") {
            guard !fields.isEmpty else { return defects.append(.orphanContinuation) }
            fields[fields.count - 1].body += line
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            return defects.append(.noField(at: offset))
        }
        var name = Array(line[..<colon])
        // RFC 5322 §4.5: space before the colon is obsolete syntax that is still read.
        name.trimSpaces()
        guard !name.isEmpty, name.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            return defects.append(.noField(at: offset))
        }
        fields.append(
            Field(name: String(decoding: name, as: UTF8.self), body: Array(line[(colon + 1)...])))
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

extension [UInt8] {
    fileprivate mutating func trimSpaces() {
        let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        while let last, isSpace(last) { removeLast() }
        removeFirst(prefix(while: isSpace).count)
    }
}
