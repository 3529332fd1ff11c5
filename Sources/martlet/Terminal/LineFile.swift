/// Reads a file of any size line by line.
struct LineFile {
    let path: String

    /// Calls `body` with each line, without its end, and its number from 1. Of a line longer than
    /// `lineBytesMax` it is given one byte more than that. Throws `InputFile.Failure`.
    func forEach(
        lineBytesMax: Int, _ body: (ArraySlice<UInt8>, Int) throws -> Void
    ) throws {
        let file = try InputFile(path)
        var line: [UInt8] = []
        var number = 1
        while let piece = try file.next() {
            var rest = piece[...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                line += rest[..<end].prefix(lineBytesMax + 1 - line.count)
                try body(line[...], number)
                line.removeAll(keepingCapacity: true)
                number += 1
                rest = rest[(end + 1)...]
            }
            line += rest.prefix(lineBytesMax + 1 - line.count)
        }
        if !line.isEmpty { try body(line[...], number) }
    }
}
