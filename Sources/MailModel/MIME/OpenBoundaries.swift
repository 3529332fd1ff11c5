import Glibc

/// The boundaries of the multiparts that a reader is in, from the outermost; what of them a line is a
/// delimiter of. They lie in one run of bytes, since every line that begins with dashes is held
/// against all of them.
struct OpenBoundaries {
    private var bytes: [UInt8] = []
    private var entries: [(start: Int, count: Int, node: Int)] = []
    private var countMin = Int.max
    /// Whether the innermost multipart has been closed: its boundary counts where no other does.
    private var isLastClosed = false

    struct Match {
        var level: Int
        var isClosing: Bool
        /// Of the innermost multipart, which has been closed: its line is epilogue.
        var isInEpilogue = false
    }

    var isEmpty: Bool { entries.isEmpty }
    /// The innermost multipart.
    var lastNode: Int? { entries.last?.node }

    func node(_ level: Int) -> Int { entries[level].node }

    mutating func closeLast() { isLastClosed = true }

    mutating func append(_ boundary: [UInt8], of node: Int) {
        isLastClosed = false
        entries.append((bytes.count, boundary.count, node))
        bytes += boundary
        countMin = min(countMin, boundary.count)
    }

    mutating func removeLast() {
        guard let last = entries.popLast() else { return }
        isLastClosed = false
        bytes.removeLast(last.count)
        countMin = entries.map(\.count).min() ?? .max
    }

    mutating func removeAll() { self = OpenBoundaries() }

    /// `delimiter := CRLF "--" boundary`, `close-delimiter := delimiter "--"`, each followed by
    /// `transport-padding`, by what stands behind the dashes and before that: the innermost multipart
    /// that has it. RFC 2046 §5.1.1 lets anything else follow a boundary, too; but boundaries that
    /// begin like one another are met, so the whole line counts first. `isLast`: the mail ends with
    /// the line.
    func match(_ text: UnsafeRawBufferPointer, isLast: Bool) -> Match? {
        guard text.count >= countMin, let line = text.baseAddress else { return nil }
        var beginning: Match?
        var wholeEpilogue: Match?
        var epilogue: Match?
        return bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            for level in entries.indices.reversed() {
                let (start, count, _) = entries[level]
                guard text.count >= count, memcmp(line, base + start, count) == 0 else { continue }
                let role = Self.role(
                    UnsafeRawBufferPointer(rebasing: text[count...]), isLast: isLast)
                let isWhole = role != .beginning
                if isLastClosed, level == entries.count - 1 {
                    let match = Match(level: level, isClosing: role == .closing, isInEpilogue: true)
                    (wholeEpilogue, epilogue) = isWhole ? (match, nil) : (nil, match)
                } else if isWhole {
                    return Match(level: level, isClosing: role == .closing)
                } else {
                    beginning = beginning ?? Match(level: level, isClosing: false)
                }
            }
            return wholeEpilogue ?? beginning ?? epilogue
        }
    }

    private enum Role {
        case opening, closing
        /// More follows: the boundary delimits, and closes nothing.
        case beginning
    }

    /// Of what stands behind a boundary.
    private static func role(_ rest: UnsafeRawBufferPointer, isLast: Bool) -> Role {
        if rest.isEmpty { return .opening }
        let dash = UInt8(ascii: "-")
        // QUIRK: a mail that was cut within its last delimiter.
        if isLast, rest.count == 1, rest[0] == dash { return .closing }
        return rest.count == 2 && rest[0] == dash && rest[1] == dash ? .closing : .beginning
    }
}
