package import NIOCore

/// A mail's content that must not be sent as it is.
package enum ContentFault: Error, Sendable, Hashable {
    /// A CR or LF stands alone: what one server takes for a line's end and another does not is how
    /// mails are smuggled.
    case bareLineEnd
}

/// A mail's content as it goes over the wire, at any split of it: after DATA with its dots stuffed
/// and CRLF.CRLF at its end (RFC 5321 §4.5.2), or as the bytes of BDAT (RFC 3030).
///
/// What `DataDecoder` reads from it are the bytes that went in, and nothing that goes in can end
/// the data.
package struct DataEncoder: Sendable {
    /// Named by what was just sent.
    private enum State {
        case lineStart
        case inLine
        case carriageReturn
    }

    private let framing: DataDecoder.Framing
    private var state = State.lineStart

    package init(framing: DataDecoder.Framing) {
        self.framing = framing
    }

    /// What to send for the next bytes of the content: `piece` itself where no dot of it has to be
    /// stuffed.
    package mutating func encode(_ piece: ByteBuffer) throws(ContentFault) -> ByteBuffer {
        var stuffed: ByteBuffer?
        var sent = 0
        let isSound = piece.withUnsafeReadableBytes { bytes in
            var index = 0
            while index < bytes.count {
                if state == .lineStart, framing == .dots, bytes[index] == UInt8(ascii: ".") {
                    if stuffed == nil { stuffed = Self.room(for: bytes.count) }
                    stuffed?.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[sent..<index]))
                    stuffed?.writeInteger(UInt8(ascii: "."))
                    sent = index
                }
                guard let next = step(bytes, index) else { return false }
                index = next
            }
            stuffed?.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[sent...]))
            return true
        }
        guard isSound else { throw .bareLineEnd }
        return stuffed ?? piece
    }

    /// What to send behind the content; nothing for BDAT, whose bytes were counted before.
    package mutating func finish() throws(ContentFault) -> ByteBuffer {
        guard state != .carriageReturn else { throw .bareLineEnd }
        guard framing == .dots else { return ByteBuffer() }
        return state == .lineStart ? Self.end : Self.endOfLineAndEnd
    }

    private static let end = ByteBuffer(string: ".\r\n")
    private static let endOfLineAndEnd = ByteBuffer(string: "\r\n.\r\n")

    private static func room(for count: Int) -> ByteBuffer {
        ByteBufferAllocator().buffer(capacity: count + count / 16 + 16)
    }

    /// Goes to behind the next line end, or to where the bytes end; nil where one stands alone.
    private mutating func step(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Int? {
        let lineFeed = bytes.firstIndex(of: UInt8(ascii: "\n"), from: index, to: bytes.count)
        if state == .carriageReturn {
            guard lineFeed == index else { return nil }
            state = .lineStart
            return index + 1
        }
        let end = lineFeed ?? bytes.count
        let carriageReturn = bytes.firstIndex(of: UInt8(ascii: "\r"), from: index, to: end)
        guard let carriageReturn else {
            guard lineFeed == nil else { return nil }
            state = .inLine
            return bytes.count
        }
        guard carriageReturn + 1 == end else { return nil }
        state = lineFeed == nil ? .carriageReturn : .lineStart
        return lineFeed.map { $0 + 1 } ?? bytes.count
    }
}
