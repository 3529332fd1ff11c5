/// A header field that we write. Whatever its value was made of, it is one field, in lines that
/// every server takes: no value can begin another field, or end the header. RFC 5322 §2.2
package struct ComposedField: Sendable, Hashable {
    /// Bytes of a line without its end. RFC 5322 §2.1.1
    package static let lineBytesMax = 998
    /// Bytes of a line that is folded where a space allows it. RFC 5322 §2.1.1
    private static let lineBytesWanted = 78

    /// With its line end.
    package let bytes: [UInt8]

    /// Nil where `name` is no field name, where `value` is empty or holds anything but printable
    /// ASCII and single spaces between, or where a word of it fills more than a line.
    package init?(_ name: String, _ value: String) {
        guard Self.isName(name), let bytes = Self.folded(name, Array(value.utf8)) else {
            return nil
        }
        self.bytes = bytes
    }

    /// The same with addresses beyond ASCII, in UTF-8: the mail wants SMTPUTF8. RFC 6532 §3.2
    package init?(_ name: String, internationalized value: String) {
        guard Self.isName(name), !value.unicodeScalars.contains(where: \.isControl),
            let bytes = Self.folded(
                name, Array(value.utf8), isTaken: { Self.isPrintable($0) || $0 > 127 })
        else { return nil }
        self.bytes = bytes
    }

    /// One address with somebody's name. Nil as above.
    package init?(_ name: String, _ displayName: String, _ mailbox: Mailbox) {
        self.init(name, "\(DisplayName.text(displayName)) <\(mailbox.wireText)>")
    }

    /// A field of ours with words of others: what is no printable ASCII becomes `?`, what is over
    /// `bytesMax` bytes is left out.
    init(_ name: StaticString, prose: String, bytesMax: Int = 900) {
        precondition(bytesMax <= 900, "the longest name and such a value fill one line")
        let printable = prose.utf8.prefix(bytesMax).map { byte in
            HeaderCursor.isSpace(byte) ? 32 : Self.isPrintable(byte) ? byte : UInt8(ascii: "?")
        }
        let words = Array(printable.split(separator: 32).joined(separator: [32]))
        let value = words.isEmpty ? [UInt8(ascii: "?")] : words
        guard let bytes = Self.folded(name.description, value) else {
            preconditionFailure("words of printable ASCII that fill no line are a field")
        }
        self.bytes = bytes
    }

    /// Text of any language for people to read: in encoded words where it is not printable ASCII.
    /// RFC 2047 §2
    init(_ name: StaticString, text: String) {
        self.init(name, prose: EncodedWords.encode(text))
    }

    private static func folded(
        _ name: String, _ value: [UInt8], isTaken: (UInt8) -> Bool = isPrintable
    ) -> [UInt8]? {
        var output = Array("\(name):".utf8)
        var lineBytes = output.count
        for (index, word) in value.split(separator: 32, omittingEmptySubsequences: false)
            .enumerated()
        {
            guard !word.isEmpty, word.allSatisfy(isTaken) else { return nil }
            if index > 0, lineBytes + 1 + word.count > lineBytesWanted {
                output += [13, 10]
                lineBytes = 0
            }
            output.append(32)
            output += word
            lineBytes += 1 + word.count
            guard lineBytes <= lineBytesMax else { return nil }
        }
        return output + [13, 10]
    }

    private static func isName(_ name: String) -> Bool {
        (1...76).contains(name.utf8.count)
            && name.utf8.allSatisfy { isPrintable($0) && $0 != UInt8(ascii: ":") }
    }

    private static func isPrintable(_ byte: UInt8) -> Bool { byte > 32 && byte < 127 }
}
