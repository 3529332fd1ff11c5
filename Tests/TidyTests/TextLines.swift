import Glibc

/// The lines of a text that hold something, found fast enough for every file at once.
struct TextLines {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// Lines, from 1, in which one of `marks` stands.
    func holding(_ marks: [String]) -> [(number: Int, text: String)] {
        let hits = Set(marks.flatMap(positions)).sorted()
        var found: [(number: Int, text: String)] = []
        var number = 1
        var counted = 0
        for hit in hits {
            number += bytes[counted..<hit].count { $0 == UInt8(ascii: "\n") }
            counted = hit
            guard found.last?.number != number else { continue }
            let start = bytes[..<hit].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            let end = bytes[hit...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            found.append((number, String(decoding: bytes[start..<end], as: UTF8.self)))
        }
        return found
    }

    private func positions(of mark: String) -> [Int] {
        let mark = Array(mark.utf8)
        var found: [Int] = []
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            var from = 0
            while bytes.count - from >= mark.count,
                let hit = memchr(base + from, Int32(mark[0]), bytes.count - from)
            {
                let position = UnsafeRawPointer(hit) - base
                if bytes.count - position >= mark.count, memcmp(hit, mark, mark.count) == 0 {
                    found.append(position)
                }
                from = position + 1
            }
        }
        return found
    }
}
