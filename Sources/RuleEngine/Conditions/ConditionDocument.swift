import Documents
import MailModel

/// Reads the conditions of a rule: `when`, `unless` and `whenUnknown`.
struct ConditionDocument {
    /// Conditions of a rule, groups and their members counted.
    static let conditionsMax = 200
    /// Operands of a test.
    static let operandsMax = 1_000
    /// Of an operand, UTF-8.
    static let operandBytesMax = 4_096

    static let keys = ["when", "unless", "whenUnknown"]

    /// The names of the address lists that there are.
    let lists: [String]

    /// Nil where the rule asks nothing.
    func read(_ rule: DocumentMapping) -> RuleConditions? {
        let given = rule.keys.filter(Self.keys.contains)
        guard !given.isEmpty else { return nil }
        var count = 0
        func value(_ key: String) -> DocumentValue? {
            given.contains(key) ? rule.required(key) : nil
        }
        let conditions = RuleConditions(
            when: conditions(value("when"), &count), unless: conditions(value("unless"), &count),
            whenUnknown: value("whenUnknown")?.choice([("skip", .skip), ("take", .take)]) ?? .skip)
        if count > Self.conditionsMax {
            rule.value.noteWhole(
                "\(count) conditions; at most \(Self.conditionsMax) stand in a rule")
        }
        if given == ["whenUnknown"] {
            rule.note("“whenUnknown” says nothing without “when” or “unless”", atKey: "whenUnknown")
        }
        return conditions
    }

    private func conditions(
        _ value: DocumentValue?, _ count: inout Int
    ) -> [RuleCondition] {
        guard let value else { return [] }
        let entries = value.list()
        if value.isSequence, entries.isEmpty { value.noteWhole("no condition stands here") }
        return entries.compactMap { condition($0, &count) }
    }

    // MARK: One condition

    private static let groups = ["all", "any", "not"]
    private static let numbers: [NumberFact] = [.size, .attachmentCount, .spamScore, .listScore]
    private static let texts: [(String, TextFact)] = [
        ("recipient", .recipient), ("mailFrom", .mailFrom), ("helo", .helo),
        ("peerName", .peerName), ("tlsVersion", .tlsVersion), ("subject", .subject),
        ("from", .from), ("to", .to), ("cc", .cc), ("fromDomain", .fromDomain), ("body", .body),
        ("dkimDomain", .dkimDomain), ("dmarcPolicy", .dmarcPolicy),
    ]
    private static let names: [String] =
        groups + texts.map(\.0) + ["header", "attachment", "peer", "tls", "time"]
        + numbers.map(\.rawValue) + VerdictFact.allCases.map(\.rawValue)

    private func condition(
        _ value: DocumentValue, _ count: inout Int
    ) -> RuleCondition? {
        count += 1
        guard let mapping = value.mapping(keys: Self.names) else { return nil }
        guard let name = mapping.keys.first, mapping.keys.count == 1 else {
            if mapping.keys.count > 1 {
                value.note(
                    "found \(mapping.keys.joined(separator: " and ")) in one, expected one "
                        + "condition: each stands behind a “-” of its own")
            } else if !mapping.hasUnknownKeys {
                value.note("a condition is one of \(Self.names.joined(separator: ", "))")
            }
            return nil
        }
        guard let inner = mapping.required(name) else { return nil }
        switch name {
        case "all": return .all(conditions(inner, &count))
        case "any": return .any(conditions(inner, &count))
        case "not": return condition(inner, &count).map { .not($0) }
        default: return fact(name, inner)
        }
    }

    private func fact(_ name: String, _ value: DocumentValue) -> RuleCondition? {
        if let fact = Self.texts.first(where: { $0.0 == name })?.1 {
            let tests = TextTestDocument(lists: lists).read(value)
            let isDomain = [.fromDomain, .dkimDomain, .peerName].contains(fact)
            return .text(fact, isDomain ? tests.map(\.ofDomains) : tests)
        }
        if let fact = NumberFact(rawValue: name) { return .number(fact, Self.numberTests(value)) }
        if let fact = VerdictFact(rawValue: name) { return .verdict(fact, Self.verdicts(value)) }
        switch name {
        case "header": return header(value)
        case "attachment": return .attachment(Self.attachmentTests(value))
        case "peer": return .peer(Self.blocks(value))
        case "tls": return value.bool().map { .tls($0) }
        default: return TimeWindow(value).map { .time($0) }
        }
    }

    private func header(_ value: DocumentValue) -> RuleCondition? {
        let texts = TextTestDocument(lists: lists)
        guard let mapping = value.mapping(keys: ["name"] + texts.keys) else { return nil }
        let name = Self.fieldName(mapping.required("name")) ?? ""
        return .text(.header(name), texts.read(mapping))
    }

    /// RFC 5322 §2.2: printable ASCII but the colon.
    private static func fieldName(_ value: DocumentValue?) -> String? {
        guard let value, let text = value.string() else { return nil }
        let isName =
            !text.isEmpty && text.utf8.count <= 998
            && text.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != UInt8(ascii: ":") }
        guard isName else {
            value.note("“\(text)” is no header name: printable ASCII without spaces and “:”")
            return nil
        }
        return text.lowercased()
    }

    private static func verdicts(_ value: DocumentValue) -> [ReceiptVerdict] {
        let choices = ReceiptVerdict.allCases.map { ($0.rawValue, $0) }
        return oneOrMore(value).compactMap { $0.choice(choices) }
    }

    private static func blocks(_ value: DocumentValue) -> [CIDRBlock] {
        oneOrMore(value).compactMap { entry in
            guard let text = entry.string() else { return nil }
            guard let block = CIDRBlock(text) else {
                entry.note(
                    "“\(text)” is no address or block of addresses, as 192.0.2.0/24 is one")
                return nil
            }
            return block
        }
    }

    private static func attachmentTests(_ value: DocumentValue) -> [AttachmentTest] {
        let keys = ["name", "type", "sha256", "size"]
        guard let mapping = value.mapping(keys: keys) else { return [] }
        return mapping.keys.compactMap { key in
            guard let inner = mapping.required(key) else { return nil }
            switch key {
            case "name": return .name(TextTestDocument(lists: nil).read(inner))
            case "type": return .type(TextTestDocument(lists: nil).read(inner))
            case "sha256": return .sha256(digests(inner))
            default: return .size(numberTests(inner))
            }
        }
    }

    private static func digests(_ value: DocumentValue) -> [String] {
        oneOrMore(value).compactMap { entry in
            guard let text = entry.string() else { return nil }
            guard text.utf8.count == 64, text.allSatisfy(\.isHexDigit) else {
                entry.note("“\(text)” is no SHA-256: 64 hexadecimal digits")
                return nil
            }
            return text.lowercased()
        }
    }

    // MARK: Numbers

    private static let comparisons: [(String, @Sendable (Double) -> NumberTest)] = [
        ("is", { .equals($0) }), ("above", { .above($0) }), ("atLeast", { .atLeast($0) }),
        ("below", { .below($0) }), ("atMost", { .atMost($0) }),
    ]

    private static func numberTests(_ value: DocumentValue) -> [NumberTest] {
        let keys = comparisons.map(\.0)
        guard let mapping = value.mapping(keys: keys) else { return [] }
        if mapping.keys.isEmpty, !mapping.hasUnknownKeys {
            value.noteWhole("nothing is compared: expected \(keys.joined(separator: ", "))")
        }
        return comparisons.compactMap { key, test in
            guard mapping.keys.contains(key) else { return nil }
            return mapping.required(key).flatMap(number).map(test)
        }
    }

    private static func number(_ value: DocumentValue) -> Double? {
        guard let text = value.string() else { return nil }
        // YAML's way of writing a million: 1_000_000.
        let plain = text.filter { $0 != "_" }
        let isPlain = plain.allSatisfy { $0.isASCII && ($0.isNumber || "+-.eE".contains($0)) }
        guard isPlain, let number = Double(plain), number.isFinite else {
            value.note("found “\(text)”, expected a number")
            return nil
        }
        return number
    }

    /// A list, or one entry that stands for a list of it alone.
    static func oneOrMore(_ value: DocumentValue) -> [DocumentValue] {
        let entries = value.oneOrMore()
        if entries.isEmpty { value.noteWhole("nothing stands here") }
        if entries.count > operandsMax {
            value.noteWhole("\(entries.count) entries; at most \(operandsMax) stand in a test")
        }
        return entries
    }
}
