import Glibc

/// Text made fit for looking up phrases: ASCII in lower case, each run of space and line ends one
/// space, typographic apostrophes plain. A phrase that a mail wraps is found.
struct FoldedText: Sendable {
    let bytes: [UInt8]

    init(_ text: some StringProtocol) {
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case 9, 10, 13, 32:
                if let last = output.last, last != 32 { output.append(32) }
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): output.append(byte | 0x20)
            // U+2018 and U+2019
            case 0x98, 0x99:
                if output.suffix(2).elementsEqual([0xE2, 0x80]) {
                    output.removeLast(2)
                    output.append(UInt8(ascii: "'"))
                } else {
                    output.append(byte)
                }
            default: output.append(byte)
            }
        }
        if output.last == 32 { output.removeLast() }
        bytes = output
    }

    var isEmpty: Bool { bytes.isEmpty }

    /// `phrase` is folded itself.
    func contains(_ phrase: String) -> Bool { offset(of: phrase) != nil }

    func contains(anyOf phrases: [String]) -> Bool { phrases.contains { contains($0) } }

    func hasPrefix(_ phrase: String) -> Bool { bytes.starts(with: phrase.utf8) }

    func hasSuffix(_ phrase: String) -> Bool {
        bytes.suffix(phrase.utf8.count).elementsEqual(phrase.utf8)
    }

    /// Where `phrase` first stands, as an offset: not within a word, and a short one as a whole word.
    func offset(of phrase: String) -> Int? {
        var phrase = phrase
        return phrase.withUTF8 { wanted in
            bytes.withUnsafeBytes { all -> Int? in
                guard let base = all.baseAddress, let needle = wanted.baseAddress else {
                    return nil
                }
                var from = 0
                while from + wanted.count <= all.count,
                    let found = memchr(base + from, CInt(needle[0]), all.count - from)
                {
                    let start = UnsafeRawPointer(found) - base
                    guard start + wanted.count <= all.count else { return nil }
                    if memcmp(found, needle, wanted.count) == 0, Self.isWhole(all, start, wanted) {
                        return start
                    }
                    from = start + 1
                }
                return nil
            }
        }
    }

    private static let shortBytesMax = 5

    private static func isWhole(
        _ all: UnsafeRawBufferPointer, _ start: Int, _ wanted: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        let end = start + wanted.count
        if start > 0, isLetter(all[start - 1]), isLetter(wanted[0]) { return false }
        guard wanted.count <= shortBytesMax, end < all.count else { return true }
        return !(isLetter(all[end]) && isLetter(wanted[wanted.count - 1]))
    }

    private static func isLetter(_ byte: UInt8) -> Bool { byte >= 97 && byte <= 122 }
}

extension StringProtocol {
    /// Without the space and line ends around it.
    func trimmed() -> String {
        let bytes = Array(utf8)
        let isSpace: (UInt8) -> Bool = { $0 == 32 || $0 == 9 || $0 == 13 || $0 == 10 }
        guard let first = bytes.firstIndex(where: { !isSpace($0) }),
            let last = bytes.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }

    /// Its lines without their ends, LF or CRLF.
    func lines() -> [String] {
        Array(utf8).split(separator: 10, omittingEmptySubsequences: false).map { line in
            String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
        }
    }
}
