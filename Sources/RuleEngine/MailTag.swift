import Documents

/// A value that rules give a mail under a name. A mail may have several values under one name, each
/// once.
package struct MailTag: Sendable, Hashable {
    /// Of one mail; others are left out.
    package static let tagsMax = 50
    /// Of a name: letters, digits, `-` and `_`.
    package static let nameBytesMax = 64
    /// Of a value: letters, digits and `-_.@+=`.
    package static let valueBytesMax = 255

    package var name: String
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// As journals have it.
    package var text: String { "\(name)=\(value)" }

    /// What of a value with all that was filled in is kept: it is ASCII.
    static func value(_ text: String) -> String { String(text.prefix(valueBytesMax)) }
}

extension RuleDocument {
    static func tag(_ value: DocumentValue, _ values: RuleValues) -> ReceiptAction? {
        guard let tag = value.mapping(keys: ["name", "value"]) else { return nil }
        return .tag(
            name: tagName(tag.required("name")) ?? "",
            value: values.tagValue(tag.required("value")) ?? "")
    }

    private static func tagName(_ value: DocumentValue?) -> String? {
        guard let value, let text = value.string() else { return nil }
        guard (1...MailTag.nameBytesMax).contains(text.utf8.count),
            text.utf8.allSatisfy({ Template.isKeyByte($0) && !".@+=".utf8.contains($0) })
        else {
            value.note(
                "“\(text)” is no tag's name: 1 to \(MailTag.nameBytesMax) letters, digits, “-” and "
                    + "“_”")
            return nil
        }
        return text
    }
}

extension RuleValues {
    fileprivate func tagValue(_ value: DocumentValue?) -> String? {
        guard let value, let text = value.string() else { return nil }
        let template = templateNames == nil ? nil : Template(text)
        let shown = template?.filled(for: .key) { _ in "x" } ?? text
        guard (1...MailTag.valueBytesMax).contains(shown.utf8.count),
            shown.utf8.allSatisfy(Template.isKeyByte)
        else {
            value.note(
                "a tag's value has 1 to \(MailTag.valueBytesMax) letters, digits and “-_.@+=”, and "
                    + "places to fill in")
            return nil
        }
        return self.template(text, value)
    }
}
