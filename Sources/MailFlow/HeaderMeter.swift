package import NIOCore

/// Watches a mail's header section go by: its size, and how many servers it came through.
///
/// Sees every byte once, at any split, and nothing past the empty line.
package struct HeaderMeter {
    package enum Finding: Equatable {
        case fine
        case headerTooLarge
        case tooManyHops
    }

    private let bytesMax: Int
    private let hopsMax: Int
    private var bytes = 0
    private var hops = 0
    private var isInHeader = true
    /// The first bytes of the current line, lower-cased: enough to know `received:` by.
    private var lineStart: [UInt8] = []

    private static let received = Array("received:".utf8)

    package init(bytesMax: Int, hopsMax: Int) {
        self.bytesMax = bytesMax
        self.hopsMax = hopsMax
        lineStart.reserveCapacity(Self.received.count)
    }

    package mutating func see(_ buffer: ByteBuffer) -> Finding {
        guard isInHeader else { return .fine }
        return buffer.withUnsafeReadableBytes { see($0) }
    }

    private mutating func see(_ input: UnsafeRawBufferPointer) -> Finding {
        var position = 0
        while isInHeader, position < input.count {
            let rest = UnsafeRawBufferPointer(rebasing: input[position...])
            let lineFeed = rest.firstIndex(of: UInt8(ascii: "\n"))
            let end = lineFeed ?? rest.count
            keepStart(rest[..<end])
            let seen = lineFeed == nil ? end : end + 1
            bytes += seen
            position += seen
            if bytes > bytesMax { return .headerTooLarge }
            if lineFeed != nil, endLine() == .tooManyHops { return .tooManyHops }
        }
        return .fine
    }

    private mutating func keepStart(_ line: Slice<UnsafeRawBufferPointer>) {
        for byte in line.prefix(Self.received.count - lineStart.count) {
            lineStart.append(byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte)
        }
    }

    private mutating func endLine() -> Finding {
        defer { lineStart.removeAll(keepingCapacity: true) }
        if lineStart.isEmpty || lineStart == [UInt8(ascii: "\r")] {
            isInHeader = false
        } else if lineStart == Self.received {
            hops += 1
            if hops > hopsMax { return .tooManyHops }
        }
        return .fine
    }
}
