import Glibc

/// uuencoded files as they are met in mails: `begin 644 name`, lines whose first character counts
/// their bytes, and `end`. POSIX: uuencode
enum UUEncoding {
    /// A file, and where its lines stand in the text that holds it.
    struct File {
        /// As written, all behind the mode.
        var name: ArraySlice<UInt8>
        /// From the `b` of `begin` to behind the line of `end`, or the end of the text.
        var range: Range<Int>
        var bytes: [UInt8]
        var isEnded: Bool
    }

    /// The first file in `text`, or where no `begin` stands what lines of it can be read; at most
    /// `bytesMax` bytes.
    static func decode(_ text: ArraySlice<UInt8>, bytesMax: Int) -> [UInt8] {
        var lines = Lines(text)
        while let line = lines.next() {
            if isBegin(text[line]) { return body(text, &lines, bytesMax: bytesMax).bytes }
        }
        lines = Lines(text)
        return body(text, &lines, bytesMax: bytesMax).bytes
    }

    /// Every file in `text`, in order, at most `filesMax`. What only looks like the beginning of one
    /// is none: a file has a line of data, or an end.
    static func files(in text: ArraySlice<UInt8>, filesMax: Int) -> [File] {
        var files: [File] = []
        var lines = Lines(text)
        while files.count < filesMax, let line = lines.next() {
            guard isBegin(text[line]) else { continue }
            var ahead = lines
            let body = body(text, &ahead, bytesMax: .max)
            guard body.isEnded || !body.bytes.isEmpty else { continue }
            files.append(
                File(
                    name: name(text[line]), range: line.lowerBound..<ahead.position,
                    bytes: body.bytes, isEnded: body.isEnded))
            lines = ahead
        }
        return files
    }

    /// `begin SP 3*4DIGIT SP name`
    private static func isBegin(_ line: ArraySlice<UInt8>) -> Bool {
        guard line.count > 10, line.starts(with: "begin ".utf8) else { return false }
        let mode = line.dropFirst(6).prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "7") }
        return (3...4).contains(mode.count) && mode.endIndex < line.endIndex
            && line[mode.endIndex] == 32
    }

    private static func name(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var name = line.dropFirst(6).drop { $0 != 32 }.drop { $0 == 32 }
        while name.last == 32 || name.last == 9 { name.removeLast() }
        return name
    }

    /// The lines up to `end`, or to the first that is no data; that one stays.
    private static func body(
        _ text: ArraySlice<UInt8>, _ lines: inout Lines, bytesMax: Int
    ) -> (bytes: [UInt8], isEnded: Bool) {
        var output: [UInt8] = []
        while output.count < bytesMax {
            let before = lines
            guard let range = lines.next() else { break }
            let line = text[range]
            if line.elementsEqual("end".utf8) { return (output, true) }
            // QUIRK: an empty line, or space alone, may stand for a count of nothing.
            if line.allSatisfy({ $0 == 32 || $0 == 9 }) { continue }
            guard let length = length(line) else {
                lines = before
                break
            }
            append(line.dropFirst(), length: length, to: &output)
        }
        if output.count > bytesMax { output.removeLast(output.count - bytesMax) }
        return (output, false)
    }

    /// The bytes that a line says it has, if it is a line of data: some space at its end may have
    /// been cut, though not so much that it would hold more than it has, or a checksum added.
    private static func length(_ line: ArraySlice<UInt8>) -> Int? {
        guard let first = line.first, (32...96).contains(first) else { return nil }
        let length = Int((first - 32) & 63)
        guard line.allSatisfy({ (32...96).contains($0) }) else { return nil }
        let digits = (length + 2) / 3 * 4
        let surplus = line.count - 1 - digits
        return (-(digits / 4)...4).contains(surplus) && (length > 0 || line.count <= 2)
            ? length : nil
    }

    private static func append(
        _ digits: ArraySlice<UInt8>, length: Int, to output: inout [UInt8]
    ) {
        var left = length
        var index = digits.startIndex
        func digit(_ offset: Int) -> UInt32 {
            let place = index + offset
            return place < digits.endIndex ? UInt32((digits[place] &- 32) & 63) : 0
        }
        while left > 0 {
            let group = digit(0) << 18 | digit(1) << 12 | digit(2) << 6 | digit(3)
            output.append(UInt8(truncatingIfNeeded: group >> 16))
            if left > 1 { output.append(UInt8(truncatingIfNeeded: group >> 8)) }
            if left > 2 { output.append(UInt8(truncatingIfNeeded: group)) }
            left -= 3
            index += 4
        }
    }
}

/// The lines of a text without their line ends, as ranges of it.
struct Lines {
    private let text: ArraySlice<UInt8>
    /// Where the next line begins.
    private(set) var position: Int

    init(_ text: ArraySlice<UInt8>) {
        self.text = text
        position = text.startIndex
    }

    mutating func next() -> Range<Int>? {
        let start = position
        guard start < text.endIndex else { return nil }
        let rest = text[start...]
        let length = rest.withUnsafeBytes { bytes -> Int in
            guard let base = bytes.baseAddress, let found = memchr(base, 10, bytes.count) else {
                return bytes.count
            }
            return UnsafeRawPointer(found) - base
        }
        let end = start + length
        position = min(end + 1, text.endIndex)
        let isCRLF = length > 0 && end < text.endIndex && text[end - 1] == 13
        return start..<(isCRLF ? end - 1 : end)
    }
}
