import MailModel
import NIOCore

/// Writes command lines, and nothing into them that could end one or add to it: each part that is
/// not ours is checked byte by byte, wherever it comes from.
struct CommandWriter {
    struct Refusal: Error {}

    private(set) var bytes = ByteBuffer()

    mutating func write(_ text: StaticString) {
        bytes.writeStaticString(text)
    }

    mutating func write(_ number: Int) {
        bytes.writeString(String(number))
    }

    mutating func endLine() {
        bytes.writeStaticString("\r\n")
    }

    /// `1*(%d33-126)`: a name or a keyword's value.
    mutating func write(word: String) throws(Refusal) {
        guard !word.isEmpty, word.utf8.allSatisfy({ (33...126).contains($0) }) else {
            throw Refusal()
        }
        bytes.writeString(word)
    }

    /// `xtext = *( xchar / hexchar )`, at least one; `hexchar = "+" 2HEXDIG` in upper case, `xchar`
    /// printable but for `+` and `=`. RFC 3461 §4
    mutating func write(xtext: some StringProtocol) throws(Refusal) {
        let text = Array(xtext.utf8)
        guard !text.isEmpty else { throw Refusal() }
        var index = 0
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "+"):
                guard index + 2 < text.count, Self.isHexDigit(text[index + 1]),
                    Self.isHexDigit(text[index + 2])
                else { throw Refusal() }
                index += 3
            case UInt8(ascii: "="): throw Refusal()
            case 33...126: index += 1
            default: throw Refusal()
            }
        }
        bytes.writeString(String(xtext))
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte)
    }

    /// `<local@domain>`. What may stand in quotes alone stands nowhere else; no control at all does.
    mutating func write(path mailbox: Mailbox, isUTF8: Bool) throws(Refusal) {
        let text = mailbox.wireText
        guard Self.isPath(text.utf8, isUTF8: isUTF8) else { throw Refusal() }
        bytes.writeStaticString("<")
        bytes.writeString(text)
        bytes.writeStaticString(">")
    }

    private static func isPath(_ text: some Collection<UInt8>, isUTF8: Bool) -> Bool {
        var isQuoted = false
        var isEscaped = false
        for byte in text {
            guard byte >= 32, byte != 127, byte < 128 || isUTF8 else { return false }
            if isEscaped {
                isEscaped = false
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: "\\"):
                guard isQuoted else { return false }
                isEscaped = true
            case UInt8(ascii: " "), UInt8(ascii: "<"), UInt8(ascii: ">"):
                guard isQuoted else { return false }
            default: break
            }
        }
        return !isQuoted && !isEscaped
    }
}
