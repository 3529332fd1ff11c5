/// A body in the form that is signed, made of pieces as they come and handed on in pieces: it holds
/// nothing back but white space and line ends that may yet turn out to be its last.
///
/// Only CRLF ends a line; a bare CR or LF is a byte like any other. RFC 6376 §3.4.3, RFC 6376 §3.4.4
struct BodyCanonicalizer: Sendable {
    private var spaces: LineSpaces?
    private var ends = FinalLines()

    init(_ canonicalization: Canonicalization) {
        switch canonicalization {
        case .simple: spaces = nil
        case .relaxed: spaces = LineSpaces()
        }
    }

    mutating func append(
        _ bytes: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) -> Void
    ) {
        guard spaces != nil else { return ends.append(bytes, to: sink) }
        spaces?.append(bytes) { ends.append($0, to: sink) }
    }

    mutating func finish(to sink: (UnsafeRawBufferPointer) -> Void) {
        if spaces == nil {
            ends.finish(isEmptyLine: true, to: sink)
        } else {
            spaces?.finish { ends.append($0, to: sink) }
            ends.finish(isEmptyLine: false, to: sink)
        }
    }
}

/// Ends a body in exactly one CRLF: empty lines at its end go, a missing end comes.
private struct FinalLines: Sendable {
    private var heldLineEnds = 0
    private var isCRHeld = false
    private var isEmpty = true

    mutating func append(
        _ bytes: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) -> Void
    ) {
        var bytes = bytes
        guard !bytes.isEmpty else { return }
        if isCRHeld {
            isCRHeld = false
            if bytes[0] == 0x0A {
                heldLineEnds += 1
                bytes = UnsafeRawBufferPointer(rebasing: bytes[1...])
            } else {
                releaseCR(to: sink)
            }
        }
        var end = bytes.count
        if end > 0, bytes[end - 1] == 0x0D {
            isCRHeld = true
            end -= 1
        }
        var lineEnds = 0
        while end >= 2, bytes[end - 1] == 0x0A, bytes[end - 2] == 0x0D {
            lineEnds += 1
            end -= 2
        }
        if end > 0 {
            releaseLineEnds(to: sink)
            isEmpty = false
            sink(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
        }
        heldLineEnds += lineEnds
    }

    /// What an empty body becomes differs: an empty line, or nothing.
    mutating func finish(isEmptyLine: Bool, to sink: (UnsafeRawBufferPointer) -> Void) {
        if isCRHeld {
            releaseCR(to: sink)
        }
        if !isEmpty || isEmptyLine { Self.give([0x0D, 0x0A], to: sink) }
    }

    /// A CR that turned out to end no line.
    private mutating func releaseCR(to sink: (UnsafeRawBufferPointer) -> Void) {
        releaseLineEnds(to: sink)
        isEmpty = false
        Self.give([0x0D], to: sink)
    }

    private mutating func releaseLineEnds(to sink: (UnsafeRawBufferPointer) -> Void) {
        guard heldLineEnds > 0 else { return }
        isEmpty = false
        Self.lineEnds.withUnsafeBytes { lines in
            while heldLineEnds > 0 {
                let count = min(heldLineEnds, lines.count / 2)
                sink(UnsafeRawBufferPointer(rebasing: lines[..<(2 * count)]))
                heldLineEnds -= count
            }
        }
    }

    private static let lineEnds: [UInt8] = (0..<1024).map { $0 % 2 == 0 ? 0x0D : 0x0A }

    private static func give(_ bytes: [UInt8], to sink: (UnsafeRawBufferPointer) -> Void) {
        bytes.withUnsafeBytes(sink)
    }
}

/// The white space of relaxed lines: none at their ends, one space for each run within.
private struct LineSpaces: Sendable {
    private static let bufferBytes = 8192
    private static let block = 8

    private var isSpaceHeld = false
    private var isCRHeld = false

    mutating func append(
        _ bytes: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) -> Void
    ) {
        guard let base = bytes.baseAddress else { return }
        withUnsafeTemporaryAllocation(byteCount: Self.bufferBytes, alignment: 8) { buffer in
            guard let output = buffer.baseAddress else { return }
            var index = 0
            var filled = 0
            while index < bytes.count {
                // A byte may bring forth three: what was held before it, and itself.
                if filled > Self.bufferBytes - 3 * Self.block {
                    sink(UnsafeRawBufferPointer(start: output, count: filled))
                    filled = 0
                }
                if !isSpaceHeld, !isCRHeld {
                    let count = Self.canonicalBytes(
                        base + index, min(bytes.count - index, Self.bufferBytes - filled))
                    (output + filled).copyMemory(from: base + index, byteCount: count)
                    index += count
                    filled += count
                    if filled > Self.bufferBytes - 3 * Self.block { continue }
                    if let next = wholeRun(bytes, from: index, into: output, &filled) {
                        index = next
                        continue
                    }
                }
                let end = min(index + Self.block, bytes.count)
                while index < end {
                    take(bytes[index], into: output, &filled)
                    index += 1
                }
            }
            sink(UnsafeRawBufferPointer(start: output, count: filled))
        }
    }

    mutating func finish(to sink: (UnsafeRawBufferPointer) -> Void) {
        guard isCRHeld else { return }
        let last: [UInt8] = isSpaceHeld ? [0x20, 0x0D] : [0x0D]
        last.withUnsafeBytes(sink)
    }

    @inline(__always)
    private mutating func take(
        _ byte: UInt8, into output: UnsafeMutableRawPointer, _ filled: inout Int
    ) {
        if isCRHeld {
            isCRHeld = false
            if byte == 0x0A {
                isSpaceHeld = false
                put(0x0D, into: output, &filled)
                return put(0x0A, into: output, &filled)
            }
            if isSpaceHeld { put(0x20, into: output, &filled) }
            isSpaceHeld = false
            put(0x0D, into: output, &filled)
        }
        switch byte {
        case 0x20, 0x09: isSpaceHeld = true
        case 0x0D: isCRHeld = true
        default:
            if isSpaceHeld { put(0x20, into: output, &filled) }
            isSpaceHeld = false
            put(byte, into: output, &filled)
        }
    }

    @inline(__always)
    private func put(_ byte: UInt8, into output: UnsafeMutableRawPointer, _ filled: inout Int) {
        output.storeBytes(of: byte, toByteOffset: filled, as: UInt8.self)
        filled += 1
    }

    /// Takes a run of white space whose end is in sight, and says where it goes on.
    @inline(__always)
    private func wholeRun(
        _ bytes: UnsafeRawBufferPointer, from start: Int, into output: UnsafeMutableRawPointer,
        _ filled: inout Int
    ) -> Int? {
        var end = start
        while end < bytes.count, bytes[end].isWhiteSpace { end += 1 }
        guard end > start, end + 1 < bytes.count else { return nil }
        guard bytes[end] == 0x0D, bytes[end + 1] == 0x0A else {
            put(0x20, into: output, &filled)
            return end
        }
        put(0x0D, into: output, &filled)
        put(0x0A, into: output, &filled)
        return end + 2
    }

    /// How many of the first bytes are surely as they will be: they end before a tab, and before a
    /// space that white space or a CR follows.
    @inline(__always)
    private static func canonicalBytes(_ start: UnsafeRawPointer, _ count: Int) -> Int {
        var index = 0
        // Two blocks at a time, and the byte behind them is looked at, too.
        while index + 2 * block < count {
            let first = Marks(start + index)
            let second = Marks(start + index + block)
            let after = (start + index + 2 * block).load(as: UInt8.self)
            let isEnd = after.isWhiteSpace || after == 0x0D
            let others = first.others(before: second.all & 0x80)
            guard others == 0 else { return index + others.trailingZeroBitCount / 8 }
            let more = second.others(before: isEnd ? 0x80 : 0)
            guard more == 0 else { return index + block + more.trailingZeroBitCount / 8 }
            index += 2 * block
        }
        return index
    }
}

/// Which of eight bytes are tabs, spaces and CRs: the high bit of each, the first in memory lowest.
/// Marks above the lowest of a kind may be of other bytes.
private struct Marks {
    let tabs: UInt64
    let spaces: UInt64
    let all: UInt64

    @inline(__always)
    init(_ start: UnsafeRawPointer) {
        let word = start.loadUnaligned(as: UInt64.self).littleEndian
        tabs = Self.bytes(of: word, 0x09)
        spaces = Self.bytes(of: word, 0x20)
        all = tabs | spaces | Self.bytes(of: word, 0x0D)
    }

    /// The bytes that do not stay as they are: tabs, and spaces that one of the three follows;
    /// `next` says whether the byte behind these is one.
    @inline(__always)
    func others(before next: UInt64) -> UInt64 {
        tabs | spaces & (all >> 8 | next << 56)
    }

    /// The high bit of each byte that is `byte`, and perhaps of one above such a byte: subtracting
    /// one borrows from the next byte only where this one is zero.
    @inline(__always)
    private static func bytes(of word: UInt64, _ byte: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let difference = word ^ (byte &* ones)
        return (difference &- ones) & ~difference & (ones << 7)
    }
}
