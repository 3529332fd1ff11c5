import Glibc

/// The boundaries of the multiparts that a reader is in, from the outermost; what of them a line is a
/// delimiter of. They lie in one run of bytes, since every line that begins with dashes is held
/// against all of them.
struct OpenBoundaries {
    private var bytes: [UInt8] = []
    private var entries: [(start: Int, count: Int, node: Int)] = []
    private var countMin = Int.max

    struct Match {
        var level: Int
        var isClosing: Bool
    }

    var isEmpty: Bool { entries.isEmpty }
    /// The innermost multipart.
    var lastNode: Int? { entries.last?.node }

    func node(_ level: Int) -> Int { entries[level].node }

    mutating func append(_ boundary: [UInt8], of node: Int) {
        entries.append((bytes.count, boundary.count, node))
        bytes += boundary
        countMin = min(countMin, boundary.count)
    }

    mutating func removeLast() {
        guard let last = entries.popLast() else { return }
        bytes.removeLast(last.count)
        countMin = entries.map(\.count).min() ?? .max
    }

    mutating func removeAll() { self = OpenBoundaries() }

    /// `delimiter := CRLF "--" boundary`, `close-delimiter := delimiter "--"`, each followed by
    /// `transport-padding`, by what stands behind the dashes and before that: the innermost multipart
    /// that has it. RFC 2046 §5.1.1 lets anything else follow, too; but boundaries that begin like
    /// one another are met, so the whole line counts first.
    func match(_ text: UnsafeRawBufferPointer) -> Match? {
        guard text.count >= countMin, let line = text.baseAddress else { return nil }
        var beginning: Match?
        return bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            for level in entries.indices.reversed() {
                let (start, count, _) = entries[level]
                guard text.count >= count, memcmp(line, base + start, count) == 0 else { continue }
                let role = Self.role(UnsafeRawBufferPointer(rebasing: text[count...]))
                if role.isWhole { return Match(level: level, isClosing: role.isClosing) }
                beginning = beginning ?? Match(level: level, isClosing: role.isClosing)
            }
            return beginning
        }
    }

    /// Of what stands behind a boundary.
    private static func role(
        _ rest: UnsafeRawBufferPointer
    ) -> (isWhole: Bool, isClosing: Bool) {
        if rest.isEmpty { return (true, false) }
        let dash = UInt8(ascii: "-")
        guard rest[0] == dash else { return (false, false) }
        // QUIRK: a mail that was cut within its last delimiter.
        if rest.count == 1 { return (false, true) }
        return (rest.count == 2 && rest[1] == dash, rest[1] == dash)
    }
}
