import Foundation

/// Values as a rule file has them, on one line.
enum DocumentText {
    /// JSON's strings are YAML's; plain where that means the same.
    static func quoted(_ text: String) -> String {
        let isPlain =
            text.first?.isLetter == true
            && text.allSatisfy { character in
                character.isASCII && (character.isLetter || character.isNumber)
                    || "-_./@+".contains(character)
            } && !["true", "false", "null", "yes", "no", "on", "off"].contains(text.lowercased())
        if isPlain { return text }
        guard
            let data = try? JSONSerialization.data(
                withJSONObject: text, options: [.fragmentsAllowed, .withoutEscapingSlashes])
        else { preconditionFailure("a text always encodes") }
        return String(decoding: data, as: UTF8.self)
    }

    /// Each value as it is to stand there.
    static func mapping(_ entries: [(String, String)]) -> String {
        "{\(entries.map { "\($0): \($1)" }.joined(separator: ", "))}"
    }

    static func list(_ texts: [String]) -> String {
        "[\(texts.map(quoted).joined(separator: ", "))]"
    }
}
