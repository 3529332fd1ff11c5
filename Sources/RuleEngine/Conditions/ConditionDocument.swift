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

    /// Nil where the rule asks nothing.
    static func read(_ rule: DocumentMapping) -> RuleConditions? {
        let given = rule.keys.filter(keys.contains)
        guard !given.isEmpty else { return nil }
        var count = 0
        let conditions = RuleConditions(
            when: conditions(rule["when"], &count), unless: conditions(rule["unless"], &count),
            whenUnknown: rule["whenUnknown"]?.choice([("skip", .skip), ("take", .take)]) ?? .skip)
        if count > conditionsMax {
            rule.value.noteWhole(
                "\(count) conditions; at most \(conditionsMax) stand in a rule")
        }
        if given == ["whenUnknown"] {
            rule.note("“whenUnknown” says nothing without “when” or “unless”", atKey: "whenUnknown")
        }
        return conditions
    }

    private static func conditions(
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

    private static func condition(
        _ value: DocumentValue, _ count: inout Int
    ) -> RuleCondition? {
        count += 1
        guard let mapping = value.mapping(keys: names) else { return nil }
        guard let name = mapping.keys.first, mapping.keys.count == 1 else {
            if mapping.keys.count > 1 {
                value.note(
                    "found \(mapping.keys.joined(separator: " and ")) in one, expected one "
                        + "condition: each stands behind a “-” of its own")
            } else if !mapping.hasUnknownKeys {
                value.note("a condition is one of \(names.joined(separator: ", "))")
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

    private static func fact(_ name: String, _ value: DocumentValue) -> RuleCondition? {
        if let fact = texts.first(where: { $0.0 == name })?.1 {
            return .text(fact, TextTestDocument.read(value))
        }
        if let fact = NumberFact(rawValue: name) { return .number(fact, numberTests(value)) }
        if let fact = VerdictFact(rawValue: name) { return .verdict(fact, verdicts(value)) }
        switch name {
        case "header": return header(value)
        case "attachment": return .attachment(attachmentTests(value))
        case "peer": return .peer(blocks(value))
        case "tls": return value.bool().map { .tls($0) }
        default: return TimeWindow(value).map { .time($0) }
        }
    }

    private static func header(_ value: DocumentValue) -> RuleCondition? {
        guard let mapping = value.mapping(keys: ["name"] + TextTestDocument.keys) else {
            return nil
        }
        let name = fieldName(mapping.required("name")) ?? ""
        return .text(.header(name), TextTestDocument.read(mapping))
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
        let choices: [(String, ReceiptVerdict)] =
            [.pass, .fail, .gray, .processingFailed, .disabled].map { ($0.rawValue, $0) }
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
            case "name": return .name(TextTestDocument.read(inner))
            case "type": return .type(TextTestDocument.read(inner))
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
            guard let bound = mapping[key] else { return nil }
            return number(bound).map(test)
        }
    }

    private static func number(_ value: DocumentValue) -> Double? {
        guard let text = value.string() else { return nil }
        // YAML's way of writing a million: 1_000_000.
        let plain = text.filter { $0 != "_" }
        let isPlain = plain.allSatisfy { $0.isASCII && ($0.isNumber || "+-.".contains($0)) }
        guard isPlain, let number = Double(plain) else {
            value.note("found “\(text)”, expected a number")
            return nil
        }
        return number
    }

    /// A list, or one entry that stands for a list of it alone.
    static func oneOrMore(_ value: DocumentValue) -> [DocumentValue] {
        guard value.isSequence else { return [value] }
        let entries = value.list()
        if entries.isEmpty { value.noteWhole("nothing stands here") }
        if entries.count > operandsMax {
            value.noteWhole("\(entries.count) entries; at most \(operandsMax) stand in a test")
        }
        return entries
    }
}

/// Reads what is asked of a text.
enum TextTestDocument {
    static let keys = ["is", "startsWith", "endsWith", "contains", "like", "matches", "exists"]

    /// A text or a list of texts by itself is `is`.
    static func read(_ value: DocumentValue) -> [TextTest] {
        if value.isScalar || value.isSequence { return [.equals(operands(value))] }
        return value.mapping(keys: keys).map { read($0) } ?? []
    }

    static func read(_ mapping: DocumentMapping) -> [TextTest] {
        let tests = keys.compactMap { key in mapping[key].flatMap { test(key, $0) } }
        if tests.contains(.exists(false)), tests.count > 1 {
            mapping.note("what does not exist has nothing else to be asked", atKey: "exists")
        }
        return tests
    }

    private static func test(_ key: String, _ value: DocumentValue) -> TextTest? {
        switch key {
        case "is": .equals(operands(value))
        case "startsWith": .startsWith(operands(value))
        case "endsWith": .endsWith(operands(value))
        case "contains": .contains(operands(value))
        case "like": .like(operands(value).map { Wildcard($0) })
        case "matches": .matches(patterns(value))
        default: value.bool().map { .exists($0) }
        }
    }

    private static func operands(_ value: DocumentValue) -> [String] {
        ConditionDocument.oneOrMore(value).compactMap { entry in
            guard let text = entry.string() else { return nil }
            guard text.utf8.count <= ConditionDocument.operandBytesMax else {
                entry.note(
                    "a text of \(text.utf8.count) bytes; at most "
                        + "\(ConditionDocument.operandBytesMax) are compared")
                return nil
            }
            return text.lowercased()
        }
    }

    private static func patterns(_ value: DocumentValue) -> [Pattern] {
        ConditionDocument.oneOrMore(value).compactMap(Pattern.init(reading:))
    }
}

extension Pattern {
    /// Nil, and noted, where it is none.
    convenience init?(reading value: DocumentValue) {
        guard let text = value.string() else { return nil }
        do throws(Fault) {
            try self.init(text)
        } catch {
            value.note("“\(text)” is no expression of RE2: \(error)")
            return nil
        }
    }
}

extension TimeWindow {
    /// Nil, and noted, where it is none.
    fileprivate init?(_ value: DocumentValue) {
        guard let mapping = value.mapping(keys: ["from", "to", "days", "zone"]) else { return nil }
        let from = mapping["from"].map(Self.minutes)
        let to = mapping["to"].map(Self.minutes)
        let days = mapping.list("days").compactMap { day in
            day.choice(Day.allCases.map { ($0.rawValue, $0) })
        }
        guard let zone = Self.zone(mapping["zone"]) else { return nil }
        if (mapping["from"] == nil) != (mapping["to"] == nil) {
            value.noteWhole("“from” and “to” stand together or not at all")
        }
        if mapping["from"] == nil, mapping["days"] == nil {
            value.noteWhole("neither hours nor days stand here")
        }
        self.init(from: (from ?? 0) ?? 0, to: (to ?? 0) ?? 0, days: Set(days), zone: zone)
    }

    private static func minutes(_ value: DocumentValue) -> Int? {
        guard let text = value.string() else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.count == 2 && $0.utf8.allSatisfy(\.isASCIIDigit) }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
        else {
            value.note("found “\(text)”, expected hours and minutes, as “08:30” (in quotes)")
            return nil
        }
        return hour * 60 + minute
    }

    private static func zone(_ value: DocumentValue?) -> String? {
        guard let value else { return "UTC" }
        guard let text = value.string() else { return nil }
        guard isZone(text) else {
            value.note("“\(text)” is no time zone, as Europe/Berlin is one")
            return nil
        }
        return text
    }
}
