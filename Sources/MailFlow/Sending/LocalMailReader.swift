package import NIOCore

/// The bytes of a mail as programs of Unix write them, made into a mail's: lines of at most
/// `lineBytesMax` bytes that end in CRLF, an empty line behind the header.
///
/// The header ends at an empty line, or before the first line that is none of it: a text alone is
/// a mail, too. A CR alone stays in the header, where it is refused, and ends a line of the body,
/// as terminals have it. RFC 5322 §2.1
package struct LocalMailReader {
    /// Without its end. RFC 5322 §2.1.1
    package static let lineBytesMax = 998
    /// Where a longer line is broken, at the latest; sooner so that no character is.
    private static let brokenBytes = 990

    /// To and with its empty line, once it is whole.
    package private(set) var header: [UInt8] = []
    private(set) var isInHeader = true
    /// Of the header, not ended yet.
    private var line: [UInt8] = []
    /// Of the body's line.
    private var count = 0
    private var isAfterCR = false

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
        return output
    }

    /// The rest of the body, where its last line has no end.
    package mutating func finish() -> ByteBuffer {
        var output = ByteBuffer()
        if isInHeader, !line.isEmpty { endHeaderLine(&output) }
        if isInHeader { endHeader() }
        if count > 0 { end(&output) }
        return output
    }

    // MARK: Header

    private mutating func endHeaderLine(_ output: inout ByteBuffer) {
        if line.last == 13 { line.removeLast() }
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
        header += line + [13, 10]
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
            let limit = min(bytes.count, start + Self.lineBytesMax - count)
            var place = start
            while place < limit, bytes[place] != 10, bytes[place] != 13 {
                let isWithinCharacter = bytes[place] & 0xC0 == 0x80
                if count + place - start >= Self.brokenBytes, !isWithinCharacter { break }
                place += 1
            }
            output.writeBytes(bytes[start..<place])
            count += place - start
            let isAtEnd = place == bytes.count || bytes[place] == 10 || bytes[place] == 13
            if !isAtEnd { end(&output) }
            start = place
        }
    }

    private mutating func end(_ output: inout ByteBuffer) {
        output.writeBytes([13, 10])
        count = 0
    }
}
