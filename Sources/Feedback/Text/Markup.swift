/// Takes the text out of HTML, as far as looking for addresses and phrases needs it.
enum Markup {
    /// Tags that begin a new line.
    private static let breaks: Set<String> = [
        "br", "p", "div", "tr", "li", "table", "h1", "h2", "h3", "h4", "pre", "hr", "title", "body",
    ]

    /// In time linear in `html`. A `<` that begins no tag stays.
    static func text(of html: String) -> String {
        let bytes = Array(html.utf8)
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "<"):
                index = skipTag(bytes, at: index, into: &output)
            case UInt8(ascii: "&"):
                index = skipEntity(bytes, at: index, into: &output)
            default:
                output.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static let tagBytesMax = 2_000

    private static func skipTag(_ bytes: [UInt8], at start: Int, into output: inout [UInt8]) -> Int
    {
        var nameStart = start + 1
        if nameStart < bytes.count, bytes[nameStart] == UInt8(ascii: "/") { nameStart += 1 }
        var nameEnd = nameStart
        while nameEnd < bytes.count, nameEnd < nameStart + 12, isNameByte(bytes[nameEnd]) {
            nameEnd += 1
        }
        let isMark = nameStart < bytes.count && bytes[nameStart] == UInt8(ascii: "!")
        let follows = nameEnd < bytes.count ? bytes[nameEnd] : 62
        let isTag =
            isMark
            || (nameEnd > nameStart
                && (follows == 62 || follows == 32 || follows == 47
                    || follows == 10 || follows == 13))
        guard isTag,
            let end = bytes[start...].prefix(tagBytesMax).firstIndex(of: UInt8(ascii: ">"))
        else {
            output.append(UInt8(ascii: "<"))
            return start + 1
        }
        let name = String(decoding: bytes[nameStart..<nameEnd], as: UTF8.self).lowercased()
        if breaks.contains(name) { output.append(10) }
        if name == "td" || name == "th" { output.append(32) }
        return end + 1
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 97 && byte | 0x20 <= 122) || (byte >= 48 && byte <= 57)
    }

    private static let entities: [(String, UInt8)] = [
        ("&lt;", 60), ("&gt;", 62), ("&amp;", 38), ("&quot;", 34), ("&nbsp;", 32), ("&#39;", 39),
        ("&#64;", 64),
    ]

    private static func skipEntity(
        _ bytes: [UInt8], at start: Int, into output: inout [UInt8]
    ) -> Int {
        for (name, byte) in entities where bytes[start...].starts(with: name.utf8) {
            output.append(byte)
            return start + name.utf8.count
        }
        output.append(UInt8(ascii: "&"))
        return start + 1
    }
}
