package import NIOCore

/// What is done with a CR or LF that stands alone in a mail's data.
package enum BareLineEndPolicy: String, Sendable, Codable, CaseIterable {
    /// The mail is refused at its end.
    case refuse
    /// Each becomes CRLF; none of them can end the data.
    case normalise
}

/// What a byte machine says of a mail's data, in order.
package enum DataPiece: Equatable, Sendable {
    /// The next bytes of the mail: dots unstuffed, every line end CRLF.
    case content(ByteBuffer)
    /// A line was over its limit, or a bare CR or LF stood there and is refused: said once;
    /// nothing of the rest comes out, and the end is still looked for.
    case fault(DataFault)
    /// CRLF.CRLF: the mail is whole. What follows stays in the input.
    case end
}

package enum DataFault: Equatable, Sendable {
    case bareLineEnd
    case lineTooLong
}

/// DATA: from the line after 354 to CRLF.CRLF, at any split of the bytes. RFC 5321 §4.5.2
///
/// Only CRLF.CRLF ends it, whatever the policy: that another server read an end where we do not,
/// or the other way round, is how mails are smuggled.
package struct DataDecoder: Sendable {
    /// Named by what was just seen.
    private enum State: Equatable {
        case lineStart
        case lineStartDot
        case lineStartDotCR
        case inLine
        case afterCR
    }

    private let policy: BareLineEndPolicy
    private let lineBytesMax: Int
    private var state = State.lineStart
    private var lineBytes = 0
    private var isFaulty = false

    /// `lineBytesMax` counts a line with its CRLF.
    package init(policy: BareLineEndPolicy, lineBytesMax: Int) {
        self.policy = policy
        self.lineBytesMax = lineBytesMax
    }

    /// Takes from `input` and hands pieces to `emit`; returns whether the end was among them.
    /// All of `input` is used up, or all up to the end.
    package mutating func decode(
        _ input: inout ByteBuffer, _ emit: (DataPiece) -> Void
    ) -> Bool {
        var run = Run(start: input.readerIndex)
        let base = input.readerIndex
        let source = input
        let isAtEnd = source.withUnsafeReadableBytes { bytes -> Bool in
            scan(bytes, base: base, source: source, run: &run, emit)
        }
        if isAtEnd {
            input.moveReaderIndex(to: run.start)
        } else {
            input.moveReaderIndex(to: input.writerIndex)
        }
        return isAtEnd
    }

    /// Bytes of the input that come out as they are: from `start` to where the scan stands.
    private struct Run {
        var start: Int
    }

    private mutating func scan(
        _ bytes: UnsafeRawBufferPointer, base: Int, source: ByteBuffer, run: inout Run,
        _ emit: (DataPiece) -> Void
    ) -> Bool {
        var index = 0
        while index < bytes.count {
            switch state {
            case .inLine:
                index = scanLine(bytes, from: index)
                guard index < bytes.count else { continue }
                if bytes[index] == UInt8(ascii: "\r") {
                    // Held back: only with its LF is it a line end.
                    flush(&run, to: base + index, skip: 1, source, emit)
                    state = .afterCR
                    lineBytes += 1
                } else {
                    flush(&run, to: base + index, skip: 1, source, emit)
                    bareLineEnd(emit)
                    state = .lineStart
                    lineBytes = 0
                }
                index += 1
            case .afterCR:
                if bytes[index] == UInt8(ascii: "\n") {
                    endLine(source, &run, at: base + index, emit)
                    index += 1
                } else {
                    // The CR stood alone; this byte begins a new line that no dot can end.
                    bareLineEnd(emit)
                    run.start = base + index
                    state = .inLine
                    lineBytes = 0
                }
            case .lineStart:
                if bytes[index] == UInt8(ascii: ".") {
                    flush(&run, to: base + index, skip: 1, source, emit)
                    state = .lineStartDot
                    index += 1
                } else {
                    state = .inLine
                }
            case .lineStartDot:
                // The dot is gone already: it was stuffing, or it is the end's.
                run.start = base + index
                if bytes[index] == UInt8(ascii: "\r") {
                    run.start += 1
                    state = .lineStartDotCR
                    index += 1
                } else {
                    state = .inLine
                }
            case .lineStartDotCR:
                if bytes[index] == UInt8(ascii: "\n") {
                    run.start = base + index + 1
                    return true
                }
                bareLineEnd(emit)
                run.start = base + index
                state = .inLine
                lineBytes = 0
            }
        }
        flush(&run, to: base + bytes.count, skip: 0, source, emit)
        return false
    }
}
