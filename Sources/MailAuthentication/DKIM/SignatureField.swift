import MailModel

/// A signature field of ours in the making: its tags in order, folded, with room for `b=`.
///
/// Where lines end is settled before there is a signature, since a simple header is signed with its
/// line ends.
struct SignatureField {
    /// How long lines are, without the space that begins them.
    struct Columns {
        var words: Int
        var signature: Int

        /// As in RFC 8463 §A.3.
        static let dkim = Columns(words: 57, signature: 58)
        /// A seal is over a message signature with the space that is in its `b=`: in one piece it
        /// has none that a relay could take away or add. Lines stay below RFC 5322's 998.
        static let arc = Columns(words: 72, signature: 990)
    }

    private let columns: Columns
    private let before: String
    private let after: String

    /// `tags` are `name=value`; the signature's own is `b=`, and begins a line.
    init(_ name: String, _ tags: [String], _ columns: Columns) {
        self.columns = columns
        let position = tags.firstIndex(of: "b=") ?? tags.count
        let first = tags[..<position].map { "\($0); " }.joined()
        let rest = tags[position...].dropFirst().joined(separator: "; ")
        before = columns.folded("\(name): \(first)") + "\r\n b="
        after = rest.isEmpty ? "" : ";\r\n " + columns.folded(rest)
    }

    /// The field without the value of `b=`: what is signed.
    var unsigned: [UInt8] { Array("\(before)\(after)\r\n".utf8) }

    /// The whole field, with its final CRLF.
    func signed(_ signature: [UInt8]) -> [UInt8] {
        var output = Array(before.utf8)
        var column = 2
        for digit in Base64.encode(signature) {
            if column == columns.signature {
                output += Array("\r\n ".utf8)
                column = 0
            }
            output.append(digit)
            column += 1
        }
        return output + Array("\(after)\r\n".utf8)
    }

}

extension SignatureField.Columns {
    /// Words stay whole; a line ends where the next would make it too long.
    fileprivate func folded(_ text: String) -> String {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let line = lines.last, line.utf8.count + 1 + word.utf8.count <= words {
                lines[lines.count - 1] = "\(line) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines.joined(separator: "\r\n ")
    }
}
