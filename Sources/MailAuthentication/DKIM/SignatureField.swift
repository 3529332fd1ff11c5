/// A signature field of ours in the making: its tags in order, folded, with room for `b=`.
///
/// Where lines end is settled before there is a signature, since a simple header is signed with its
/// line ends.
struct SignatureField {
    /// As long as the lines of RFC 8463 §A.3, which is far below what RFC 5322 §2.1.1 asks for.
    private static let columnsMax = 57
    private static let signatureColumnsMax = 58

    private let name: String
    private let before: String
    private let after: String

    /// `tags` are `name=value`; the signature's own is `b=`, and begins a line.
    init(_ name: String, _ tags: [String]) {
        self.name = name
        let position = tags.firstIndex(of: "b=") ?? tags.count
        let first = tags[..<position].map { "\($0); " }.joined()
        let rest = tags[position...].dropFirst().joined(separator: "; ")
        before = Self.folded("\(name): \(first)") + "\r\n b="
        after = rest.isEmpty ? "" : ";\r\n " + Self.folded(rest)
    }

    /// The field without the value of `b=`: what is signed.
    var unsigned: [UInt8] { Array("\(before)\(after)\r\n".utf8) }

    /// The whole field, with its final CRLF.
    func signed(_ signature: [UInt8]) -> [UInt8] {
        var output = Array(before.utf8)
        var column = 2
        for digit in Base64.encode(signature) {
            if column == Self.signatureColumnsMax {
                output += Array("\r\n ".utf8)
                column = 0
            }
            output.append(digit)
            column += 1
        }
        return output + Array("\(after)\r\n".utf8)
    }

    /// Words stay whole; a line ends where the next would make it too long.
    private static func folded(_ text: String) -> String {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let line = lines.last, line.utf8.count + 1 + word.utf8.count <= columnsMax {
                lines[lines.count - 1] = "\(line) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines.joined(separator: "\r\n ")
    }
}
