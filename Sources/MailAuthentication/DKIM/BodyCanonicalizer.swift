/// A body in the form that is signed, made of pieces as they come and handed on in pieces: it holds
/// nothing back but white space and line ends that may yet turn out to be its last.
///
/// Only CRLF ends a line; a bare CR or LF is a byte like any other. RFC 6376 §3.4.3, §3.4.4
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
                releaseLineEnds(to: sink)
                Self.give([0x0D], to: sink)
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
            releaseLineEnds(to: sink)
            Self.give([0x0D], to: sink)
            isEmpty = false
        }
        if !isEmpty || isEmptyLine { Self.give([0x0D, 0x0A], to: sink) }
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
    private static let block = 32

    private var isSpaceHeld = false
    private var isCRHeld = false

    mutating func append(
        _ bytes: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) -> Void
    ) {
        guard let base = bytes.baseAddress else { return }
        withUnsafeTemporaryAllocation(byteCount: Self.bufferBytes, alignment: 1) { buffer in
            guard let output = buffer.baseAddress else { return }
            var index = 0
            var filled = 0
            while index < bytes.count {
                // A byte may bring forth three: what was held before it, and itself.
                if filled > Self.bufferBytes - 3 * Self.block {
                    sink(UnsafeRawBufferPointer(start: output, count: filled))
                    filled = 0
                }
                if !isSpaceHeld, !isCRHeld, index + Self.block < bytes.count,
                    Self.isCanonical(base + index)
                {
                    (output + filled).copyMemory(from: base + index, byteCount: Self.block)
                    index += Self.block
                    filled += Self.block
                    continue
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

    /// Whether a block, whose next byte can be read too, is as it will be: no tab, and no space
    /// before white space or a CR.
    @inline(__always)
    private static func isCanonical(_ start: UnsafeRawPointer) -> Bool {
        let here = start.loadUnaligned(as: SIMD32<UInt8>.self)
        let next = (start + 1).loadUnaligned(as: SIMD32<UInt8>.self)
        let isSpace = here .== 0x20
        let isEnd = (next .== 0x20) .| (next .== 0x09) .| (next .== 0x0D)
        return !any((here .== 0x09) .| (isSpace .& isEnd))
    }
}
