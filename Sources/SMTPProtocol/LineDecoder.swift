package import NIOCore

/// Cuts command lines out of a stream: bytes in, lines out. RFC 5321 §2.3.8
///
/// A line ends with CRLF. A bare LF ends one too, and says so: whether that is tolerated is the
/// session's policy. A bare CR is part of the line, and the command parser refuses it.
package struct LineDecoder: Sendable {
    package enum Line: Equatable, Sendable {
        /// Without its line end.
        case line(ByteBuffer)
        /// Ended by LF alone.
        case bareLineFeed(ByteBuffer)
        /// Longer than the limit; its bytes are gone, up to its line end, but for the first
        /// `startBytes`: its verb says what comes behind it.
        case tooLong(start: ByteBuffer)
        /// So long beyond the limit that its end is of no interest; what follows it is not read.
        case endless
    }

    private enum State: Equatable {
        case collecting
        /// Over the limit: skips to the next LF, then reports.
        case skipping
    }

    private let lineBytesMax: Int
    private var state = State.collecting
    /// Of the line so far; of one that is skipped, its start.
    private var buffer = ByteBuffer()
    /// Of the line that is being collected or skipped.
    private var lineBytes = 0
    /// Of one line, beyond its limit.
    package static let skippedBytesMax = 262_144
    private static let startBytes = 4

    /// `lineBytesMax` counts the line with its CRLF, as RFC 5321 §4.5.3.1.4 does.
    package init(lineBytesMax: Int) {
        self.lineBytesMax = lineBytesMax
    }

    /// The next line of what waits and `input`; nil when more is needed, and then `input` is
    /// used up. What follows a line stays in `input`.
    package mutating func next(_ input: inout ByteBuffer) -> Line? {
        guard input.readableBytes > 0 else { return nil }
        let lineFeed = input.withUnsafeReadableBytes {
            $0.firstIndex(of: UInt8(ascii: "\n"), from: 0, to: $0.count)
        }
        lineBytes += lineFeed.map { $0 + 1 } ?? input.readableBytes
        guard lineBytes <= lineBytesMax + Self.skippedBytesMax else {
            input.moveReaderIndex(to: input.writerIndex)
            return .endless
        }
        guard let lineFeed else {
            collect(&input)
            return nil
        }
        guard state == .collecting, lineBytes <= lineBytesMax,
            var line = input.readSlice(length: lineFeed + 1)
        else {
            skip(lineFeed + 1, of: &input)
            defer { reset() }
            return .tooLong(start: buffer)
        }
        if buffer.readableBytes > 0 {
            buffer.writeBuffer(&line)
            line = buffer
        }
        reset()
        return Self.stripped(line)
    }

    private mutating func collect(_ input: inout ByteBuffer) {
        if lineBytes >= lineBytesMax {
            state = .skipping
            skip(input.readableBytes, of: &input)
        } else {
            buffer.writeBuffer(&input)
        }
    }

    private mutating func skip(_ count: Int, of input: inout ByteBuffer) {
        let start = buffer.readableBytesView.prefix(Self.startBytes)
        let rest = input.readableBytesView.prefix(min(count, Self.startBytes - start.count))
        buffer = ByteBuffer(bytes: Array(start) + Array(rest))
        input.moveReaderIndex(forwardBy: count)
    }

    private mutating func reset() {
        state = .collecting
        buffer = ByteBuffer()
        lineBytes = 0
    }

    private static func stripped(_ line: ByteBuffer) -> Line {
        let length = line.readableBytes
        let beforeLast = length >= 2 ? line.getInteger(at: line.readerIndex + length - 2) : UInt8(0)
        let isCRLF = beforeLast == UInt8(ascii: "\r")
        let content = line.getSlice(
            at: line.readerIndex, length: length - (isCRLF ? 2 : 1))
        return isCRLF ? .line(content ?? ByteBuffer()) : .bareLineFeed(content ?? ByteBuffer())
    }
}
