import Glibc
package import NIOCore

/// Breaks lines of a body that are longer than a mail's may be, before the mail is signed: what
/// leaves has lines that every server takes. RFC 5322 §2.1.1, RFC 5321 §4.5.3.1.6
///
/// A long line goes on behind CRLF and a space, as Postfix breaks it: what follows is no other
/// field of a part's header, and no boundary. No character of UTF-8 is broken.
package struct BodyLines {
    /// Without its end.
    package static let lineBytesMax = 998
    /// Of the last line that may still grow so many bytes are out at most: where it is broken is
    /// known once it is too long.
    private static let outBytesMax = 990

    /// Bytes of the last line that are out.
    private var count = 0
    /// The last line's others, its CR among them; at most nine.
    private var held: [UInt8] = []

    package init() {}

    /// Takes the next bytes, whose lines end in CRLF; answers what is known of the lines that leave.
    package mutating func take(_ input: ByteBuffer) -> ByteBuffer {
        if let count = countWhereAllFits(input) {
            self.count = count
            return input
        }
        var output = ByteBuffer()
        output.reserveCapacity(input.readableBytes + 64)
        input.withUnsafeReadableBytes { bytes in
            var start = 0
            while start < bytes.count {
                let end = Self.lineEnd(in: bytes, from: start)
                take(held + bytes[start..<(end ?? bytes.count)], isEnded: end != nil, &output)
                start = end ?? bytes.count
            }
        }
        return output
    }

    /// What was kept back of a last line without an end.
    package mutating func finish() -> ByteBuffer {
        defer { self = BodyLines() }
        return ByteBuffer(bytes: held)
    }

    /// Most mails have short lines alone, and are not copied. How much of a line is at the end of
    /// `input`; nil where something is to be broken, or kept back.
    private func countWhereAllFits(_ input: ByteBuffer) -> Int? {
        guard held.isEmpty else { return nil }
        return input.withUnsafeReadableBytes { bytes -> Int? in
            var (start, count) = (0, count)
            while start < bytes.count {
                let end = Self.lineEnd(in: bytes, from: start)
                count += (end ?? bytes.count) - start
                guard count <= Self.outBytesMax else { return nil }
                guard let end else { break }
                (start, count) = (end, 0)
            }
            return count
        }
    }

    /// Behind the next LF.
    private static func lineEnd(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = bytes.baseAddress,
            let found = memchr(base + start, 10, bytes.count - start)
        else { return nil }
        return base.distance(to: found) + 1
    }

    /// All of the last line that is not out yet.
    private mutating func take(_ line: [UInt8], isEnded: Bool, _ output: inout ByteBuffer) {
        var rest = line[...]
        held = []
        while true {
            let room = Self.lineBytesMax - count
            let end = isEnded ? (rest.suffix(2) == [13, 10] ? 2 : 1) : (rest.last == 13 ? 1 : 0)
            if rest.count - end <= room { break }
            let place = Self.breakPlace(in: rest, room: room)
            output.writeBytes(rest[..<place])
            output.writeStaticString("\r\n ")
            rest = rest[place...]
            count = 1
        }
        guard !isEnded else {
            output.writeBytes(rest)
            count = 0
            return
        }
        let out = rest.prefix(max(0, Self.outBytesMax - count))
        output.writeBytes(out)
        count += out.count
        held = Array(rest[out.endIndex...])
    }

    /// The last place at which so many bytes fit and no character is broken; where there is none,
    /// what is there is no UTF-8.
    private static func breakPlace(in line: ArraySlice<UInt8>, room: Int) -> Int {
        let last = line.startIndex + room
        let places = (max(line.startIndex + 1, last - 3)...last).reversed()
        return places.first { line[$0] & 0xC0 != 0x80 } ?? last
    }
}
