/// ISO-8859-1 with windows-1252's characters where it has controls, which no mail means: as browsers
/// and mail readers read both. WHATWG Encoding, 4.2
enum Windows1252 {
    /// Every byte is a character.
    static func text(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + bytes.count / 8)
        for byte in bytes {
            if byte < 0x80 {
                output.append(byte)
            } else if byte < 0xA0 {
                output += special[Int(byte - 0x80)]
            } else {
                output.append(0xC0 | byte >> 6)
                output.append(0x80 | byte & 0x3F)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// From 0x80 to 0x9F, as UTF-8.
    private static let special: [[UInt8]] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013,
        0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
    ].compactMap(Unicode.Scalar.init).map { Array(String($0).utf8) }
}
