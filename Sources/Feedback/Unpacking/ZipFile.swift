/// Reads the one file of a ZIP archive, from its local header on: the directory at the end says
/// nothing that is needed, and lies. Stored and deflated files alone; no names become paths.
/// APPNOTE 6.3.10, 4.3.7
enum ZipFile {
    /// Files that are passed over in search of one that could be a report.
    static let entriesMax = 16

    private struct Entry {
        var flags: Int
        var method: Int
        /// Zero where a descriptor behind the data has it.
        var packedSize: Int
        var name: String
        var data: ArraySlice<UInt8>
    }

    static func firstFile(in packed: [UInt8]) throws(ReportRefusal) -> [UInt8] {
        var rest = packed[...]
        for _ in 0..<entriesMax {
            guard let entry = entry(at: rest) else { break }
            guard entry.flags & 1 == 0 else {
                throw ReportRefusal(
                    "the archive", found: "an encrypted file", expected: "a plain one")
            }
            // A folder, or what a Mac puts beside a file.
            if entry.name.hasSuffix("/") || entry.name.hasPrefix("__MACOSX") {
                rest = entry.data.dropFirst(entry.packedSize)
                continue
            }
            return try contents(entry)
        }
        throw ReportRefusal("the archive", found: "no file", expected: "a local file header")
    }

    private static func contents(_ entry: Entry) throws(ReportRefusal) -> [UInt8] {
        switch entry.method {
        case 0:
            guard entry.packedSize <= entry.data.count else {
                throw ReportRefusal("the archive", found: "its end", expected: "more of it")
            }
            return Array(entry.data.prefix(entry.packedSize))
        case 8:
            var output: [UInt8] = []
            _ = try Inflater.inflate(
                entry.data, form: .bare, into: &output, bytesMax: ReportArchive.bytesMax)
            return output
        default:
            throw ReportRefusal(
                "the archive", found: "method \(entry.method)", expected: "stored or deflated")
        }
    }

    private static let headerBytes = 30

    private static func entry(at bytes: ArraySlice<UInt8>) -> Entry? {
        guard bytes.count >= headerBytes, bytes.starts(with: [0x50, 0x4B, 3, 4]) else { return nil }
        func number(_ offset: Int, _ count: Int) -> Int {
            let start = bytes.startIndex + offset
            return bytes[start..<(start + count)].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        let nameSize = number(26, 2)
        let rest = bytes.dropFirst(headerBytes)
        return Entry(
            flags: number(6, 2), method: number(8, 2), packedSize: number(18, 4),
            name: String(decoding: rest.prefix(nameSize), as: UTF8.self),
            data: rest.dropFirst(nameSize + number(28, 2)))
    }
}
