package import NIOCore

/// The bytes of a mail as programs of Unix write them, made into a mail's: lines that end in CRLF
/// and are no longer than a mail's may be, an empty line behind the header.
///
/// The header ends at an empty line, or before the first line that is none of it: a text alone is
/// a mail, too. A CR alone stays in the header, where it is refused, and ends a line of the body,
/// as terminals have it. A long line of the header is folded where it has a space, and else stays, to
/// be refused; one of the body is broken as `BodyLines` does. RFC 5322 §2.1
package struct LocalMailReader {
    /// To and with its empty line, once it is whole.
    package private(set) var header: [UInt8] = []
    /// Of each line of the header which line it was of what was written, from 1.
    package private(set) var writtenLines: [Int] = []
    private(set) var isInHeader = true
    /// Lines that were read while the header was.
    private var linesRead = 0
    /// Of the header, not ended yet.
    private var line: [UInt8] = []
    /// Whether the body's last line has anything.
    private var isLineOpen = false
    private var isAfterCR = false
    private var lines = BodyLines()

    package init() {}

    /// Bytes of the header so far.
    var headerBytes: Int { header.count + line.count }

    /// Takes the next bytes; answers what of them is body.
    package mutating func take(_ input: ByteBuffer) -> ByteBuffer {
        var output = ByteBuffer()
        input.withUnsafeReadableBytes { bytes in
            var start = 0
            while isInHeader, start < bytes.count {
                let rest = bytes[start...]
                guard let end = rest.firstIndex(of: 10) else {
                    line += rest
                    return
                }
                line += bytes[start..<end]
                start = end + 1
                endHeaderLine(&output)
            }
            takeBody(UnsafeRawBufferPointer(rebasing: bytes[start...]), &output)
        }
        return lines.take(output)
    }

    /// The rest of the body, where its last line has no end.
    package mutating func finish() -> ByteBuffer {
        var output = ByteBuffer()
        if isInHeader, !line.isEmpty { endHeaderLine(&output) }
        if isInHeader { endHeader() }
        if isLineOpen { end(&output) }
        var whole = lines.take(output)
        whole.writeImmutableBuffer(lines.finish())
        return whole
    }

    // MARK: Header

    private mutating func endHeaderLine(_ output: inout ByteBuffer) {
        if line.last == 13 { line.removeLast() }
        linesRead += 1
        defer { line = [] }
        if line.isEmpty { return endHeader() }
        // The line that mailbox files have before each mail.
        if header.isEmpty, line.starts(with: "From ".utf8) || line.starts(with: ">From ".utf8) {
            return
        }
        let isContinuation = !header.isEmpty && (line[0] == 32 || line[0] == 9)
        guard isContinuation || Self.isField(line) else {
            endHeader()
            line.append(10)
            return line.withUnsafeBytes { takeBody($0, &output) }
        }
        for part in Self.folded(line) {
            header += part + [13, 10]
            writtenLines.append(linesRead)
        }
    }

    /// RFC 5322 §2.2.3: before the last space or tab that leaves no line of white space alone.
    private static func folded(_ line: [UInt8]) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var rest = line[...]
        while rest.count > BodyLines.lineBytesMax,
            let start = rest.firstIndex(where: { $0 != 32 && $0 != 9 }),
            let place = rest.prefix(BodyLines.lineBytesMax + 1).lastIndex(of: 32, or: 9),
            place > start, rest[place...].contains(where: { $0 != 32 && $0 != 9 })
        {
            parts.append(rest[..<place])
            rest = rest[place...]
        }
        return parts + [rest]
    }

    private mutating func endHeader() {
        header += [13, 10]
        isInHeader = false
    }

    /// `field-name *WSP ":"`. RFC 5322 §4.5
    private static func isField(_ line: [UInt8]) -> Bool {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return false }
        var name = line[..<colon]
        while name.last == 32 || name.last == 9 { name.removeLast() }
        return !name.isEmpty && name.allSatisfy { $0 > 32 && $0 < 127 }
    }

    // MARK: Body

    private mutating func takeBody(_ bytes: UnsafeRawBufferPointer, _ output: inout ByteBuffer) {
        var start = 0
        while start < bytes.count {
            let byte = bytes[start]
            if byte == 10 || byte == 13 {
                if byte == 13 || !isAfterCR { end(&output) }
                isAfterCR = byte == 13
                start += 1
                continue
            }
            isAfterCR = false
            let place = bytes[start...].firstIndex { $0 == 10 || $0 == 13 } ?? bytes.count
            output.writeBytes(bytes[start..<place])
            isLineOpen = true
            start = place
        }
    }

    private mutating func end(_ output: inout ByteBuffer) {
        output.writeBytes([13, 10])
        isLineOpen = false
    }
}

extension Collection where Element == UInt8, Self: BidirectionalCollection {
    fileprivate func lastIndex(of one: UInt8, or other: UInt8) -> Index? {
        lastIndex { $0 == one || $0 == other }
    }
}
