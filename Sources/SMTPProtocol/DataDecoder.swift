package import NIOCore

/// What is done with a CR or LF that stands alone in a mail's data.
package enum BareLineEndPolicy: String, Sendable, Codable, CaseIterable {
    /// The mail is refused at its end.
    case refuse
    /// Each becomes CRLF; none of them can end the data.
    case normalise
}

/// What a mail's data says, in order.
package enum DataPiece: Equatable, Sendable {
    /// The next bytes of the mail: dots unstuffed, every line end CRLF.
    case content(ByteBuffer)
    /// Said once; nothing of the rest comes out, and the end is still looked for.
    case fault(DataFault)
}

package enum DataFault: Equatable, Sendable {
    /// A CR or LF stood alone, and the policy refuses that.
    case bareLineEnd
    case lineTooLong
}

/// A mail's data as bytes, at any split of them: after DATA to CRLF.CRLF (RFC 5321 §4.5.2), or the
/// chunks of BDAT (RFC 3030).
///
/// Only CRLF.CRLF ends DATA, whatever the policy: that another server reads an end where we do
/// not, or the other way round, is how mails are smuggled.
package struct DataDecoder: Sendable {
    package enum Framing: Sendable {
        /// DATA: dots are stuffed, a line with one dot ends it.
        case dots
        /// BDAT: the caller knows how many bytes there are, and says `finish`.
        case counted
    }

    /// Named by what was just seen.
    private enum State: Equatable {
        case lineStart
        case dot
        case dotCR
        case inLine
        /// Held back: only with its LF is it a line end.
        case carriageReturn
    }

    private let framing: Framing
    private let policy: BareLineEndPolicy
    private let lineBytesMax: Int
    private var state = State.lineStart
    private var lineBytes = 0
    private var isFaulty = false

    /// `lineBytesMax` counts a line with its CRLF.
    package init(framing: Framing, policy: BareLineEndPolicy, lineBytesMax: Int) {
        self.framing = framing
        self.policy = policy
        self.lineBytesMax = lineBytesMax
    }

    /// Takes from `input` and hands pieces to `emit`; returns whether DATA's end was reached. All
    /// of `input` is used up, or all up to the end.
    package mutating func decode(
        _ input: inout ByteBuffer, _ emit: (DataPiece) -> Void
    ) -> Bool {
        let source = input
        var scan = Scan(source: source)
        let isAtEnd = source.withUnsafeReadableBytes { bytes in
            while scan.index < bytes.count {
                if step(bytes, &scan, emit) { return true }
            }
            flush(&scan, to: scan.index, emit)
            return false
        }
        input.moveReaderIndex(forwardBy: scan.index)
        return isAtEnd
    }

    /// BDAT's last byte was seen. A last line without its CRLF gets one.
    package mutating func finish(_ emit: (DataPiece) -> Void) {
        switch state {
        case .carriageReturn: endBareLine(emit)
        case .inLine where lineBytes > 0: send(Self.lineEnd, emit)
        case .inLine, .lineStart, .dot, .dotCR: break
        }
    }

    /// Where the scan of one input stands; `[start, index)` was seen and not yet sent.
    private struct Scan {
        let source: ByteBuffer
        var start = 0
        var index = 0
    }

    private static let lineEnd = ByteBuffer(string: "\r\n")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let lineFeed = UInt8(ascii: "\n")

    /// Goes on by at least a byte or a state; says whether the end was reached.
    private mutating func step(
        _ bytes: UnsafeRawBufferPointer, _ scan: inout Scan, _ emit: (DataPiece) -> Void
    ) -> Bool {
        let byte = bytes[scan.index]
        switch state {
        case .lineStart:
            if framing == .dots, byte == UInt8(ascii: ".") {
                skip(&scan, emit)
                state = .dot
            } else {
                state = .inLine
            }
        case .dot:
            // The dot is gone: it was stuffing, or it is the end's.
            if byte == Self.carriageReturn {
                skip(&scan, emit)
                state = .dotCR
            } else {
                state = .inLine
            }
        case .dotCR:
            if byte == Self.lineFeed {
                scan.index += 1
                return true
            }
            endBareLine(emit)
        case .carriageReturn:
            if byte == Self.lineFeed {
                skip(&scan, emit)
                send(Self.lineEnd, emit)
                beginLine(.lineStart)
            } else {
                endBareLine(emit)
            }
        case .inLine: stepInLine(bytes, &scan, emit)
        }
        return false
    }

    private mutating func stepInLine(
        _ bytes: UnsafeRawBufferPointer, _ scan: inout Scan, _ emit: (DataPiece) -> Void
    ) {
        let lineFeed = bytes.firstIndex(of: Self.lineFeed, from: scan.index, to: bytes.count)
        let end = lineFeed ?? bytes.count
        let carriageReturn = bytes.firstIndex(
            of: Self.carriageReturn, from: scan.index, to: end)
        if let carriageReturn {
            count(carriageReturn - scan.index, andEnd: 2, &scan, emit)
            scan.index = carriageReturn
            if carriageReturn + 1 == lineFeed {
                scan.index += 2
                beginLine(.lineStart)
            } else {
                skip(&scan, emit)
                state = .carriageReturn
            }
        } else if let lineFeed {
            count(lineFeed - scan.index, andEnd: 1, &scan, emit)
            scan.index = lineFeed
            skip(&scan, emit)
            endBareLine(emit)
        } else {
            count(bytes.count - scan.index, andEnd: 0, &scan, emit)
            scan.index = bytes.count
        }
    }

    /// `more` bytes of a line stand at the index, and then so many of its end. Of a line that is
    /// too long comes out what fits, at any split: what is told of the mail must not depend on it.
    private mutating func count(
        _ more: Int, andEnd endBytes: Int, _ scan: inout Scan, _ emit: (DataPiece) -> Void
    ) {
        let fitting = max(0, min(more, lineBytesMax - lineBytes))
        lineBytes += more + endBytes
        guard lineBytes > lineBytesMax else { return }
        flush(&scan, to: scan.index + fitting, emit)
        fault(.lineTooLong, emit)
    }

    private mutating func beginLine(_ state: State) {
        self.state = state
        lineBytes = 0
    }

    /// A CR or LF stood alone. What follows is a new line, whose dot means nothing.
    private mutating func endBareLine(_ emit: (DataPiece) -> Void) {
        switch policy {
        case .refuse: fault(.bareLineEnd, emit)
        case .normalise: send(Self.lineEnd, emit)
        }
        beginLine(.inLine)
    }

    private mutating func fault(_ fault: DataFault, _ emit: (DataPiece) -> Void) {
        guard !isFaulty else { return }
        isFaulty = true
        emit(.fault(fault))
    }

    private func send(_ bytes: ByteBuffer, _ emit: (DataPiece) -> Void) {
        guard !isFaulty else { return }
        emit(.content(bytes))
    }

    private func flush(_ scan: inout Scan, to end: Int, _ emit: (DataPiece) -> Void) {
        if end > scan.start,
            let run = scan.source.getSlice(
                at: scan.source.readerIndex + scan.start, length: end - scan.start)
        {
            send(run, emit)
        }
        scan.start = end
    }

    /// Leaves out the byte at the index.
    private func skip(_ scan: inout Scan, _ emit: (DataPiece) -> Void) {
        flush(&scan, to: scan.index, emit)
        scan.index += 1
        scan.start = scan.index
    }
}
