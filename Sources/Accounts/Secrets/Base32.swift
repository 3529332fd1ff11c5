/// Five bits a character, without padding. RFC 4648 §6
struct Base32: Sendable {
    /// Upper case, as in the ids of AWS's access keys.
    static let upper = Base32("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    /// Lower case, as in the tokens of Easy DKIM.
    static let lower = Base32("abcdefghijklmnopqrstuvwxyz234567")
    /// The alphabet whose order is that of the bytes, in lower case.
    static let hex = Base32("0123456789abcdefghijklmnopqrstuv")

    private let alphabet: [UInt8]

    private init(_ alphabet: String) {
        self.alphabet = Array(alphabet.utf8)
    }

    /// Bits of the last byte that fill no character are left out: give what is a multiple of five
    /// bytes.
    func text(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count * 8 / 5)
        var buffer = 0
        var bits = 0
        for byte in bytes {
            buffer = (buffer << 8 | Int(byte)) & 0xFFFF
            bits += 8
            while bits >= 5 {
                bits -= 5
                output.append(alphabet[(buffer >> bits) & 31])
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// What a text in the alphabet stands for, in whatever case; nil where a character is none of
    /// it, or the text is no whole number of bytes.
    func bytes(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 8 == 0 else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(text.count * 5 / 8)
        var buffer = 0
        var bits = 0
        for character in text {
            guard let value = value(of: character) else { return nil }
            buffer = (buffer << 5 | value) & 0xFFFF
            bits += 5
            if bits >= 8 {
                bits -= 8
                output.append(UInt8(truncatingIfNeeded: buffer >> bits))
            }
        }
        return output
    }

    private func value(of character: UInt8) -> Int? {
        if let index = alphabet.firstIndex(of: character) { return index }
        let isLetter = (character | 0x20) >= 0x61 && (character | 0x20) <= 0x7A
        return isLetter ? alphabet.firstIndex(of: character ^ 0x20) : nil
    }
}
