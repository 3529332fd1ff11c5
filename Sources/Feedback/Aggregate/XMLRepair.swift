/// Mends what reporters get wrong in XML that is otherwise theirs: bytes that are no UTF-8, and text
/// with `<` and `&` in it as they are. Linear in the document.
enum XMLRepair {
    /// Characters that are mended: a document with more of them is no report that somebody wrote, and
    /// what follows is not read.
    static let repairsMax = 5_000

    static func repaired(_ document: [UInt8]) -> [UInt8] {
        var bytes = document[...]
        // What stands before the document: text, an unclosed schema.
        if let start = root(in: document) { bytes = bytes[start...] }
        let valid = Array(String(decoding: bytes, as: UTF8.self).utf8)
        var output: [UInt8] = []
        output.reserveCapacity(valid.count)
        var repairs = 0
        // Bytes that are no UTF-8 become longer.
        for (index, byte) in valid.prefix(ReportArchive.bytesMax).enumerated() {
            guard let replacement = replacement(for: byte, at: index, in: valid) else {
                output.append(byte)
                continue
            }
            guard repairs < repairsMax else { break }
            repairs += 1
            output += replacement.utf8
        }
        return output
    }

    /// Nil where the byte stays.
    private static func replacement(for byte: UInt8, at index: Int, in bytes: [UInt8]) -> String? {
        switch byte {
        case UInt8(ascii: "<"): beginsMarkup(bytes, at: index) ? nil : "&lt;"
        case UInt8(ascii: "&"): beginsReference(bytes, at: index) ? nil : "&amp;"
        // What XML 1.0, 2.2 forbids.
        case 0..<9, 11, 12, 14..<32: "\u{FFFD}"
        default: nil
        }
    }

    private static func root(in document: [UInt8]) -> Int? {
        let root = Array("<feedback".utf8)
        var from = 0
        while let start = document[from...].firstIndex(of: root[0]) {
            if document[start...].starts(with: root) { return start }
            from = start + 1
        }
        return nil
    }

    private static let nameBytesMax = 64

    /// `<name>`, `<name …`, `</name>`, `<?`, `<!`: a name that something else follows is text.
    private static func beginsMarkup(_ bytes: [UInt8], at start: Int) -> Bool {
        var index = start + 1
        guard index < bytes.count else { return false }
        if bytes[index] == UInt8(ascii: "?") || bytes[index] == UInt8(ascii: "!") { return true }
        if bytes[index] == UInt8(ascii: "/") { index += 1 }
        let nameStart = index
        while index < bytes.count, index - nameStart < nameBytesMax, isName(bytes[index]) {
            index += 1
        }
        guard index > nameStart, index < bytes.count else { return false }
        switch UnicodeScalar(bytes[index]) {
        case ">", "/", " ", "\t", "\r", "\n": return true
        default: return false
        }
    }

    private static func isName(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 97 && byte | 0x20 <= 122) || (byte >= 48 && byte <= 57)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ":")
            || byte == UInt8(ascii: ".")
    }

    private static let references = ["lt;", "gt;", "amp;", "quot;", "apos;"].map { Array($0.utf8) }

    private static func beginsReference(_ bytes: [UInt8], at start: Int) -> Bool {
        let front = bytes[(start + 1)...].prefix(8)
        return references.contains { front.starts(with: $0) }
            || (front.first == UInt8(ascii: "#") && front.contains(UInt8(ascii: ";")))
    }
}
