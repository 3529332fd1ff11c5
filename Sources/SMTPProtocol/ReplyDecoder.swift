package import NIOCore

/// Why bytes are no reply: facts, whose wording is the client's.
package enum ReplyFault: Error, Sendable, Hashable {
    /// A line that does not begin with a code and what separates it from its text.
    case malformed
    /// The lines of one reply have not the same code.
    case codesDiffer
    /// A line, or the reply as a whole, is longer than its limit.
    case tooLong
}

/// Cuts replies out of what a server sends: bytes in, replies out, at any split of them.
/// RFC 5321 §4.2.1
///
///     Reply-line  = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
///     Reply-code  = %x32-35 %x30-35 %x30-39
///
/// Deviates: a bare LF ends a line, and the second digit may be any, as servers send both. After a
/// fault nothing more can be read: the connection is of no use.
package struct ReplyDecoder: Sendable {
    /// Of one line, with its end. RFC 5321 §4.5.3.1.5 asks for 512.
    package static let lineBytesMax = 4_096
    /// Of one reply, all lines with their ends.
    package static let replyBytesMax = 65_536
    /// What is kept of a reply, in lines and in bytes of text; further lines are read and forgotten.
    package static let linesKeptMax = 64
    package static let textBytesMax = 4_096

    /// The line so far.
    private var line = ByteBuffer()
    private var lines: [String] = []
    private var textBytes = 0
    private var code: Int?
    private var enhanced: EnhancedStatusCode?
    private var replyBytes = 0

    package init() {}

    /// Whether the server is in the middle of a reply.
    package var hasBegun: Bool { replyBytes > 0 }

    /// The next reply of what waits and `input`; nil when more is needed, and then `input` is used
    /// up. What follows a reply stays in `input`.
    package mutating func next(_ input: inout ByteBuffer) throws(ReplyFault) -> RemoteReply? {
        while input.readableBytes > 0 {
            let lineFeed = input.withUnsafeReadableBytes {
                $0.firstIndex(of: UInt8(ascii: "\n"), from: 0, to: $0.count)
            }
            let count = lineFeed.map { $0 + 1 } ?? input.readableBytes
            replyBytes += count
            guard line.readableBytes + count <= Self.lineBytesMax,
                replyBytes <= Self.replyBytesMax
            else { throw .tooLong }
            guard lineFeed != nil else {
                line.writeBuffer(&input)
                return nil
            }
            if let reply = try take(&input, count) { return reply }
        }
        return nil
    }

    /// Reads the line whose last `count` bytes, its LF the last of them, begin `input`.
    private mutating func take(
        _ input: inout ByteBuffer, _ count: Int
    ) throws(ReplyFault) -> RemoteReply? {
        let isLast: Bool
        if line.readableBytes == 0 {
            isLast = try takeLine(input, count)
            input.moveReaderIndex(forwardBy: count)
        } else {
            line.writeImmutableBuffer(input.getSlice(at: input.readerIndex, length: count) ?? input)
            input.moveReaderIndex(forwardBy: count)
            isLast = try takeLine(line, line.readableBytes)
            line = ByteBuffer()
        }
        guard isLast, let code else { return nil }
        defer { reset() }
        return RemoteReply(code: code, enhanced: enhanced, lines: lines)
    }

    private mutating func reset() {
        lines = []
        textBytes = 0
        code = nil
        enhanced = nil
        replyBytes = 0
    }

    /// Says whether the line ends its reply.
    private mutating func takeLine(
        _ bytes: ByteBuffer, _ count: Int
    ) throws(ReplyFault) -> Bool {
        let read = bytes.withUnsafeReadableBytes { Self.read($0, to: count) }
        guard let read else { throw .malformed }
        guard code == nil || code == read.code else { throw .codesDiffer }
        code = read.code
        textBytes += read.text.utf8.count
        if lines.count < Self.linesKeptMax, textBytes <= Self.textBytesMax {
            lines.append(read.text)
        }
        if enhanced == nil { enhanced = read.enhanced }
        return read.isLast
    }

    private struct Line {
        var code: Int
        var isLast: Bool
        var enhanced: EnhancedStatusCode?
        var text: String
    }

    /// `end` is behind the line's LF. Nil: no line of a reply.
    private static func read(_ bytes: UnsafeRawBufferPointer, to end: Int) -> Line? {
        var end = end - 1
        if end > 0, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        guard end >= 3, let first = digit(bytes[0]), (2...5).contains(first),
            let second = digit(bytes[1]), let third = digit(bytes[2])
        else { return nil }
        let code = first * 100 + second * 10 + third
        guard end > 3 else { return Line(code: code, isLast: true, enhanced: nil, text: "") }
        let isLast = bytes[3] == UInt8(ascii: " ")
        guard isLast || bytes[3] == UInt8(ascii: "-") else { return nil }
        let text = UnsafeRawBufferPointer(rebasing: bytes[4..<end])
        return Line(
            code: code, isLast: isLast, enhanced: enhanced(text, of: first),
            text: printable(text))
    }

    private static func printable(_ bytes: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: bytes.count) { room in
            for index in 0..<bytes.count {
                let byte = bytes[index]
                let isPrintable = byte >= 0x20 && byte < 0x7F
                room.initializeElement(at: index, to: isPrintable ? byte : UInt8(ascii: "?"))
            }
            return bytes.count
        }
    }

    /// `status-code = class "." subject "." detail`, `class = "2"/"4"/"5"`, 1 to 3 digits each of
    /// the others; one of another class than its reply's is text like any other (RFC 2034 §4), but
    /// where both are a no: for now or for good, servers mix them up, and the rest tells why.
    private static func enhanced(
        _ text: UnsafeRawBufferPointer, of reply: Int
    ) -> EnhancedStatusCode? {
        guard text.count >= 5, let `class` = digit(text[0]), text[1] == UInt8(ascii: "."),
            reply >= 4 ? `class` == 4 || `class` == 5 : reply == 2 && `class` == 2
        else { return nil }
        var index = 2
        guard let subject = number(text, &index), index < text.count,
            text[index] == UInt8(ascii: ".")
        else { return nil }
        index += 1
        guard let detail = number(text, &index),
            index == text.count || text[index] == UInt8(ascii: " ")
        else { return nil }
        return EnhancedStatusCode(`class`, subject, detail)
    }

    private static func number(_ text: UnsafeRawBufferPointer, _ index: inout Int) -> Int? {
        let start = index
        var value = 0
        while index < text.count, index - start < 3, let next = digit(text[index]) {
            value = value * 10 + next
            index += 1
        }
        return index > start ? value : nil
    }

    private static func digit(_ byte: UInt8) -> Int? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int(byte) - 0x30 : nil
    }
}
