import Documents

/// The form in which rule files have it.
extension ReceiptReply {
    init?(reading value: DocumentValue, _ values: RuleValues) {
        let keys = ["subject", "text", "html", "as", "everyDays", "onlyWhereNamed"]
        guard let mapping = value.mapping(keys: keys) else { return nil }
        values.requireSending(value)
        self.init(
            subject: mapping["subject"].flatMap { Self.subject($0, values) } ?? Self.subjectUsual,
            text: mapping.required("text").flatMap { Self.text($0, values) } ?? "",
            html: mapping["html"].flatMap { Self.text($0, values) },
            identity: mapping["as"].flatMap(RuleValues.sender),
            everyDays: mapping["everyDays"]?.int(in: Self.everyDaysRange) ?? Self.everyDaysUsual,
            isOnlyWhereNamed: mapping.bool("onlyWhereNamed") ?? true)
    }

    private static func subject(_ value: DocumentValue, _ values: RuleValues) -> String? {
        RuleValues.line(value, "a subject", bytesMax: subjectBytesMax)
            .flatMap { values.template($0, value) }
    }

    private static func text(_ value: DocumentValue, _ values: RuleValues) -> String? {
        guard let text = value.string() else { return nil }
        guard (1...textBytesMax).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0 >= 32 && $0 != 127 || $0 == 9 || $0 == 10 })
        else {
            value.note("a text has 1 to \(textBytesMax) bytes, in lines")
            return nil
        }
        return values.template(text, value)
    }

    /// On one line.
    var documentText: String {
        var entries = [
            ("subject", DocumentText.quoted(subject)), ("text", DocumentText.quoted(text)),
        ]
        if let html { entries.append(("html", DocumentText.quoted(html))) }
        if let identity { entries.append(("as", DocumentText.quoted(identity))) }
        if everyDays != Self.everyDaysUsual { entries.append(("everyDays", String(everyDays))) }
        if !isOnlyWhereNamed { entries.append(("onlyWhereNamed", "false")) }
        return DocumentText.mapping(entries)
    }
}
