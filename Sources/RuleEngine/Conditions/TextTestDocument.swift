import Documents
import MailModel

/// Reads what is asked of a text.
struct TextTestDocument {
    /// The names of the address lists that there are; nil where no address can be.
    let lists: [String]?

    var keys: [String] {
        ["is", "startsWith", "endsWith", "contains", "like", "matches", "exists"]
            + (lists == nil ? [] : ["in"])
    }

    /// A text or a list of texts by itself is `is`.
    func read(_ value: DocumentValue) -> [TextTest] {
        if value.isScalar || value.isSequence { return [.equals(Self.operands(value))] }
        return value.mapping(keys: keys).map { read($0) } ?? []
    }

    func read(_ mapping: DocumentMapping) -> [TextTest] {
        let tests = keys.filter(mapping.keys.contains).compactMap { key in
            mapping.required(key).flatMap { test(key, $0) }
        }
        if tests.contains(.exists(false)), tests.count > 1 {
            mapping.note("what does not exist has nothing else to be asked", atKey: "exists")
        }
        return tests
    }

    private func test(_ key: String, _ value: DocumentValue) -> TextTest? {
        switch key {
        case "is": .equals(Self.operands(value))
        case "startsWith": .startsWith(Self.operands(value, mayBeEmpty: false))
        case "endsWith": .endsWith(Self.operands(value, mayBeEmpty: false))
        case "contains": .contains(Self.operands(value, mayBeEmpty: false))
        case "like": .like(Self.operands(value).map { Wildcard($0) })
        case "matches":
            .matches(ConditionDocument.oneOrMore(value).compactMap(Pattern.init(reading:)))
        case "in": .listed(listNames(value))
        default: value.bool().map { .exists($0) }
        }
    }

    private func listNames(_ value: DocumentValue) -> [String] {
        ConditionDocument.oneOrMore(value).compactMap { entry in
            guard let name = entry.string() else { return nil }
            guard let lists, !lists.contains(name) else { return name }
            entry.note(
                "no list “\(name)” stands beside the rules, as \(name).list"
                    + NearMiss.hint(name, among: lists))
            return nil
        }
    }

    private static func operands(_ value: DocumentValue, mayBeEmpty: Bool = true) -> [String] {
        ConditionDocument.oneOrMore(value).compactMap { entry in
            guard let text = entry.string() else { return nil }
            guard mayBeEmpty || !text.isEmpty else {
                entry.note("an empty text stands in every text")
                return nil
            }
            guard text.utf8.count <= ConditionDocument.operandBytesMax else {
                entry.note(
                    "a text of \(text.utf8.count) bytes; at most "
                        + "\(ConditionDocument.operandBytesMax) are compared")
                return nil
            }
            return text.lowercased()
        }
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

extension TextTest {
    /// The same with names beyond ASCII in their A-labels, as domains are compared.
    var ofDomains: TextTest {
        guard case .equals(let operands) = self else { return self }
        return .equals(operands.map { (try? Domain(parsing: $0))?.ascii ?? $0 })
    }
}
