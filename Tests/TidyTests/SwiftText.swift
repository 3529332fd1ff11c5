/// A Swift file taken apart: its code with comments and the insides of strings blanked, and its
/// comments with everything else blanked. Lines stay where they are. What is interpolated into a
/// string is code.
struct SwiftText {
    private(set) var code: [UInt8]
    private(set) var comments: [UInt8]
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
        code = bytes.map { $0 == UInt8(ascii: "\n") ? $0 : UInt8(ascii: " ") }
        comments = code
        scanCode(untilParenthesis: false)
    }

    /// The byte `offset` behind the position; 0 behind the end.
    private func byte(_ offset: Int = 0) -> UInt8 {
        position + offset < bytes.count ? bytes[position + offset] : 0
    }

    private func stand(_ mark: UInt8, count: Int, from offset: Int = 0) -> Bool {
        for index in 0..<count where byte(offset + index) != mark { return false }
        return true
    }

    private mutating func keepCode(_ count: Int = 1) {
        for index in position..<min(position + count, bytes.count) { code[index] = bytes[index] }
        position += count
    }

    private mutating func scanCode(untilParenthesis: Bool) {
        let slash = UInt8(ascii: "/")
        var depth = 0
        while position < bytes.count {
            switch byte() {
            case slash where byte(1) == slash: lineComment()
            case slash where byte(1) == UInt8(ascii: "*"): blockComment()
            case UInt8(ascii: "\""): string(hashes: 0)
            case UInt8(ascii: "#"):
                var hashes = 1
                while byte(hashes) == UInt8(ascii: "#") { hashes += 1 }
                if byte(hashes) == UInt8(ascii: "\"") {
                    string(hashes: hashes)
                } else if byte(hashes) == slash {
                    regex()
                } else {
                    keepCode(hashes)
                }
            case UInt8(ascii: "("):
                depth += 1
                keepCode()
            case UInt8(ascii: ")"):
                depth -= 1
                keepCode()
                if untilParenthesis, depth == 0 { return }
            default: keepCode()
            }
        }
    }

    private mutating func lineComment() {
        while position < bytes.count, byte() != UInt8(ascii: "\n") {
            comments[position] = byte()
            position += 1
        }
    }

    private mutating func blockComment() {
        let slash = UInt8(ascii: "/")
        let star = UInt8(ascii: "*")
        var depth = 0
        repeat {
            let opens = byte() == slash && byte(1) == star
            let closes = byte() == star && byte(1) == slash
            depth += opens ? 1 : closes ? -1 : 0
            for _ in 0..<(opens || closes ? 2 : 1) where position < bytes.count {
                comments[position] = byte()
                position += 1
            }
        } while depth > 0 && position < bytes.count
    }

    private mutating func string(hashes: Int) {
        let quote = UInt8(ascii: "\"")
        let hash = UInt8(ascii: "#")
        position += hashes
        let quotes = stand(quote, count: 3) ? 3 : 1
        keepCode(quotes)
        while position < bytes.count {
            if byte() == UInt8(ascii: "\\"), stand(hash, count: hashes, from: 1) {
                position += 1 + hashes
                if byte() == UInt8(ascii: "(") {
                    scanCode(untilParenthesis: true)
                } else {
                    position += 1
                }
            } else if stand(quote, count: quotes), stand(hash, count: hashes, from: quotes) {
                return keepCode(quotes + hashes)
            } else {
                position += 1
            }
        }
    }

    private mutating func regex() {
        keepCode(2)
        while position < bytes.count, byte() != UInt8(ascii: "/") || byte(1) != UInt8(ascii: "#") {
            position += 1
        }
        keepCode(2)
    }
}
