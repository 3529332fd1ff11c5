import Documents
import MailModel

/// Reads what both forms of a rule set hold: names, conditions, header lines, references.
struct RuleValues {
    let catalogue: RuleCatalogue
    /// The names that may be filled into texts; nil where `${` stands for itself, as it does for SES.
    var templateNames: [String]?

    // MARK: References

    func bucket(_ value: DocumentValue?) -> String? {
        reference(value, "bucket", among: catalogue.buckets)
    }

    func handler(_ value: DocumentValue?) -> String? {
        reference(value, "handler", among: catalogue.handlers)
    }

    func topic(_ value: DocumentValue?) -> String? {
        reference(value, "topic", among: catalogue.topics)
    }

    /// For what sends.
    func requireSending(_ value: DocumentValue) {
        if !catalogue.isSending {
            value.noteWhole("nothing is sent from here: the configuration has no “sending”")
        }
    }

    func relay(_ value: DocumentValue?) -> String? {
        reference(value, "relay", among: catalogue.relays)
    }

    func maildir(_ value: DocumentValue?) -> String? {
        reference(value, "maildir", among: catalogue.maildirs)
    }

    func webhook(_ value: DocumentValue?) -> String? {
        reference(value, "webhook", among: catalogue.webhooks)
    }

    private func reference(
        _ value: DocumentValue?, _ kind: String, among known: [String]?
    ) -> String? {
        guard let value, let text = value.string() else { return nil }
        // SES names a topic or function by ARN; its last part is what it is called here.
        let name = text.hasPrefix("arn:") ? Self.nameInARN(text) : text
        guard !name.isEmpty, name.utf8.count <= 256, name.utf8.allSatisfy(Self.isReferenceByte)
        else {
            value.note("“\(text)” is no name of a \(kind)")
            return nil
        }
        if let known, !known.contains(name) {
            let hint = NearMiss.hint(name, among: known)
            value.note("the configuration has no \(kind) “\(name)”\(hint)")
            return nil
        }
        return name
    }

    static func isReferenceByte(_ byte: UInt8) -> Bool {
        isNameByte(byte) || byte == UInt8(ascii: ".")
    }

    /// `arn:aws:sns:region:account:topic`, `arn:aws:lambda:region:account:function:name[:alias]`.
    private static func nameInARN(_ arn: String) -> String {
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count >= 7, parts[5] == "function" { return String(parts[6]) }
        return parts.count == 6 ? String(parts[5]) : ""
    }

    // MARK: Values

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    /// A rule's or rule set's name. SES: `ReceiptRule`
    static func name(_ value: DocumentValue?) -> String? {
        guard let value, let text = value.string() else { return nil }
        guard isName(text) else {
            value.note("“\(text)” is no name: \(nameRule)")
            return nil
        }
        return text
    }

    static let nameRule =
        "at most 64 letters, digits, “-”, “_” and “.”, a letter or digit at both ends"

    static func isName(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 64 else {
            return false
        }
        return isAlphanumeric(first) && isAlphanumeric(last) && bytes.allSatisfy(isReferenceByte)
    }

    /// An object key's first part: relative, and nothing that leaves its bucket.
    func prefix(_ value: DocumentValue?) -> String? {
        guard let value, let text = value.string(), !text.isEmpty else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let inner = text.hasSuffix("/") ? parts.dropLast() : parts[...]
        let isClean =
            text.utf8.count <= 512 && text.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != 92 }
            && inner.allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") }
        guard isClean else {
            value.note(
                "“\(text)” is no prefix: at most 512 printable ASCII characters, parts "
                    + "separated by “/”, none empty or beginning with “.”")
            return nil
        }
        let isTooLong = parts.contains { part in
            (Template(String(part))?.keyLengthMax ?? 0) > Self.keyPartBytesMax
        }
        if templateNames != nil, Template.isTemplate(text), isTooLong {
            value.note(
                "with what is filled in, a part may have more than \(Self.keyPartBytesMax) bytes")
        }
        return template(text, value)
    }

    /// A name in a folder.
    private static let keyPartBytesMax = 255

    /// An address that mails are sent to.
    func target(_ value: DocumentValue) -> String? {
        guard let text = value.string() else { return nil }
        guard templateNames != nil, Template.isTemplate(text) else {
            return Self.address(value).map(Template.escaping)
        }
        if text.utf8.count(where: { $0 == UInt8(ascii: "@") }) != 1 {
            value.note("“\(text)” is no address: one “@” stands in it, whatever is filled in")
        }
        return template(text, value)
    }

    static func address(_ value: DocumentValue) -> String? {
        guard let text = value.string() else { return nil }
        do throws(AddressError) {
            return try AddressParser.mailbox(Array(text.utf8)[...], isUTF8Allowed: true).wireText
        } catch {
            value.note("“\(text)” is no address: \(error)")
            return nil
        }
    }

    /// Whom a mail of ours is from: it is ASCII whatever else it holds.
    static func sender(_ value: DocumentValue) -> String? {
        guard let text = address(value) else { return nil }
        guard text.utf8.allSatisfy({ $0 < 128 }) else {
            value.note("“\(text)” has no form in ASCII, which a mail of ours is from")
            return nil
        }
        return text
    }

    /// `text` as a template: what it names has to be there.
    func template(_ text: String, _ value: DocumentValue) -> String? {
        guard Template.isTemplate(text) else { return text }
        guard let templateNames else { return Template.escaping(text) }
        guard let template = Template(text) else {
            value.note(
                "“${” begins no name that “}” ends; for these two characters themselves write “$${”"
            )
            return nil
        }
        if template.names.count > Template.namesMax {
            value.note("\(template.names.count) names; at most \(Template.namesMax) are filled in")
        }
        for name in template.names where !templateNames.contains(name) {
            let hint = NearMiss.hint(name, among: templateNames)
            value.note("nothing is called “\(name)”\(hint)")
        }
        return text
    }

    /// SES: 1 to 50 letters, digits and hyphens.
    static func headerName(_ value: DocumentValue?) -> String? {
        guard let value, let text = value.string() else { return nil }
        let isName =
            !text.isEmpty && text.utf8.count <= 50
            && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        guard isName else {
            value.note("“\(text)” is no header name: 1 to 50 letters, digits and “-”")
            return nil
        }
        return text
    }

    /// SES: below 2,048 characters and no line end; ours is printable ASCII besides.
    func headerValue(_ value: DocumentValue?) -> String? {
        guard let value, let text = value.string() else { return nil }
        guard text.utf8.count < 2048, text.utf8.allSatisfy({ $0 >= 32 && $0 < 127 }) else {
            value.note("a header value is below 2,048 printable ASCII characters on one line")
            return nil
        }
        return template(text, value)
    }

    /// What stands behind the codes of a reply. RFC 5321 §4.5.3.1.5
    func replyText(_ value: DocumentValue) -> String? {
        guard let text = value.string() else { return nil }
        guard !text.isEmpty, text.utf8.count <= 400,
            text.utf8.allSatisfy({ $0 >= 32 && $0 < 127 })
        else {
            value.note("the text of a reply is 1 to 400 printable ASCII characters on one line")
            return nil
        }
        return template(text, value)
    }

    /// A text on one line.
    static func line(_ value: DocumentValue, _ what: String, bytesMax: Int) -> String? {
        guard let text = value.string() else { return nil }
        guard (1...bytesMax).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0 >= 32 && $0 != 127 })
        else {
            value.note("\(what) has 1 to \(bytesMax) bytes on one line")
            return nil
        }
        return text
    }

    /// An enhanced status of the class that `code` has. RFC 2034 §4, RFC 3463 §2
    static func status(_ value: DocumentValue, of code: Int) -> EnhancedStatus? {
        guard let text = value.string() else { return nil }
        guard let status = EnhancedStatus(in: text), status.description == text,
            status.class == code / 100
        else {
            value.note(
                "“\(text)” is no status of RFC 3463 for the code \(code); “\(code / 100).7.1” is one"
            )
            return nil
        }
        return status
    }

    // MARK: Lists

    /// The rules of a set, no two of which have one name.
    static func rules(
        _ value: DocumentValue?, read: (DocumentValue) -> ReceiptRule?
    ) -> [ReceiptRule] {
        guard let value else { return [] }
        let entries = value.list()
        noteExcess(entries.count, of: "rules", over: RuleDocument.rulesMax, "set", value)
        var seen: Set<String> = []
        return entries.compactMap { entry in
            guard let rule = read(entry) else { return nil }
            if !rule.name.isEmpty, !seen.insert(rule.name).inserted {
                entry.note("a rule called “\(rule.name)” stands above already")
            }
            return rule
        }
    }

    /// `allowsPatterns`: wildcards and expressions may stand there, which SES does not have.
    static func recipients(
        _ value: DocumentValue?, allowsPatterns: Bool
    ) -> [RecipientCondition] {
        guard let value else { return [] }
        let entries = value.list()
        noteExcess(entries.count, of: "recipients", over: RuleDocument.recipientsMax, "rule", value)
        return entries.compactMap { entry in
            if allowsPatterns, !entry.isScalar {
                let expression = entry.mapping(keys: ["matches"])?.required("matches")
                return expression.flatMap(Pattern.init(reading:)).map { .matches($0) }
            }
            guard let text = entry.string() else { return nil }
            do throws(RecipientCondition.ParsingError) {
                return try RecipientCondition(parsing: text, allowsWildcards: allowsPatterns)
            } catch {
                entry.note(error.message)
                return nil
            }
        }
    }

    static func actions(
        _ value: DocumentValue?, read: (DocumentValue) -> ReceiptAction?
    ) -> [ReceiptAction] {
        guard let value else { return [] }
        let entries = value.list()
        noteExcess(entries.count, of: "actions", over: RuleDocument.actionsMax, "rule", value)
        return entries.compactMap(read)
    }

    private static func noteExcess(
        _ count: Int, of things: String, over limit: Int, _ place: String, _ value: DocumentValue
    ) {
        guard count > limit else { return }
        value.noteWhole("\(count) \(things); at most \(limit) stand in a \(place)")
    }
}
