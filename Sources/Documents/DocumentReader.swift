import Yams

/// Reads one YAML (or JSON) document and gathers every problem on the way, so that people get all
/// of them at once with their lines.
///
/// Read through `root`; ask `problems` at the end. A value that is wrong reads as nil or as its
/// default, and is noted.
package final class DocumentReader {
    package let file: String
    package private(set) var problems: [DocumentProblem] = []
    private var rootNode: Node?

    package init(file: String, text: String) {
        self.file = file
        do {
            rootNode = try Yams.compose(yaml: text)
            if rootNode == nil { note("the document is empty", line: nil, path: "") }
        } catch let error as YamlError {
            note(Self.message(of: error), line: Self.line(of: error), path: "")
        } catch {
            note("\(error)", line: nil, path: "")
        }
    }

    /// The document's mapping; nil, and noted, where it is something else.
    package func root(keys: [String]) -> DocumentMapping? {
        guard let rootNode else { return nil }
        return DocumentValue(rootNode, path: "", reader: self).mapping(keys: keys)
    }

    package func note(_ message: String, line: Int?, path: String) {
        problems.append(DocumentProblem(file: file, line: line, path: path, message: message))
    }

    /// Throws everything that was noted, if anything was.
    package func finish() throws(DocumentProblems) {
        guard problems.isEmpty else {
            throw DocumentProblems(problems.sorted { ($0.line ?? 0) < ($1.line ?? 0) })
        }
    }

    private static func line(of error: YamlError) -> Int? {
        switch error {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _),
            .composer(_, _, let mark, _):
            mark.line
        case .duplicatedKeysInMapping(_, let context): context.mark.line
        default: nil
        }
    }

    private static func message(of error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, _, _), .parser(_, let problem, _, _),
            .composer(_, let problem, _, _):
            "not YAML: \(problem)"
        case .duplicatedKeysInMapping(let duplicates, _):
            "given twice: \(duplicates.sorted().joined(separator: ", "))"
        default: "not YAML: \(error)"
        }
    }
}

/// One value of a document and where it stands.
package struct DocumentValue {
    private let node: Node
    package let path: String
    private let reader: DocumentReader

    init(_ node: Node, path: String, reader: DocumentReader) {
        self.node = node
        self.path = path
        self.reader = reader
    }

    package var line: Int? { node.mark?.line }

    package func note(_ message: String) {
        reader.note(message, line: line, path: path)
    }

    package var isNull: Bool {
        if case .scalar(let scalar) = node {
            return scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
        }
        return false
    }

    package var isScalar: Bool { node.scalar != nil }
    package var isSequence: Bool { node.sequence != nil }

    private var kind: String {
        switch node {
        case .scalar(let scalar): isNull ? "nothing" : "“\(scalar.string)”"
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }

    package func mapping(keys: [String]) -> DocumentMapping? {
        guard case .mapping(let mapping) = node else {
            note("found \(kind), expected a mapping")
            return nil
        }
        var values: [String: DocumentValue] = [:]
        for (keyNode, value) in mapping {
            guard let key = keyNode.string else {
                reader.note("found a key that is no text", line: keyNode.mark?.line, path: path)
                continue
            }
            let valuePath = path.isEmpty ? key : "\(path).\(key)"
            guard keys.isEmpty || keys.contains(key) else {
                reader.note(
                    "unknown key “\(key)”\(NearMiss.hint(key, among: keys))",
                    line: keyNode.mark?.line, path: path)
                continue
            }
            values[key] = DocumentValue(value, path: valuePath, reader: reader)
        }
        return DocumentMapping(value: self, values: values)
    }

    package func list() -> [DocumentValue] {
        guard case .sequence(let sequence) = node else {
            note("found \(kind), expected a list")
            return []
        }
        return sequence.enumerated().map { index, element in
            DocumentValue(element, path: "\(path)[\(index)]", reader: reader)
        }
    }

    package func string() -> String? {
        guard case .scalar(let scalar) = node, !isNull else {
            note("found \(kind), expected text")
            return nil
        }
        return scalar.string
    }

    package func int(in range: ClosedRange<Int>) -> Int? {
        guard case .scalar(let scalar) = node, let number = Int(scalar.string) else {
            note("found \(kind), expected a whole number")
            return nil
        }
        guard range.contains(number) else {
            note("found \(number), expected \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    package func bool() -> Bool? {
        guard case .scalar(let scalar) = node,
            let answer = ["true": true, "false": false][scalar.string.lowercased()]
        else {
            note("found \(kind), expected true or false")
            return nil
        }
        return answer
    }

    /// One of `choices`, by the text that names it.
    package func choice<Choice>(_ choices: [(String, Choice)]) -> Choice? {
        guard case .scalar(let scalar) = node else {
            note("found \(kind), expected \(choices.map(\.0).joined(separator: " or "))")
            return nil
        }
        if let found = choices.first(where: { $0.0 == scalar.string }) { return found.1 }
        let names = choices.map(\.0)
        let near = NearMiss.of(scalar.string, among: names).map { "; did you mean “\($0)”?" } ?? ""
        note("found “\(scalar.string)”, expected \(names.joined(separator: " or "))\(near)")
        return nil
    }
}

/// The values of a mapping by key; what is absent reads as nil.
package struct DocumentMapping {
    package let value: DocumentValue
    private let values: [String: DocumentValue]

    init(value: DocumentValue, values: [String: DocumentValue]) {
        self.value = value
        self.values = values
    }

    package var keys: [String] { values.keys.sorted() }

    /// Nil where the key is absent, or stands there with nothing behind it.
    package subscript(key: String) -> DocumentValue? {
        values[key].flatMap { $0.isNull ? nil : $0 }
    }

    /// Whether the key stands there, with or without a value.
    package func has(_ key: String) -> Bool { values[key] != nil }

    /// As the subscript; an absent key is noted.
    package func required(_ key: String) -> DocumentValue? {
        guard let found = self[key] else {
            value.note("“\(key)” is missing")
            return nil
        }
        return found
    }

    package func string(_ key: String) -> String? { self[key]?.string() }

    package func int(_ key: String, in range: ClosedRange<Int>) -> Int? {
        self[key]?.int(in: range)
    }

    package func bool(_ key: String) -> Bool? { self[key]?.bool() }

    package func list(_ key: String) -> [DocumentValue] { self[key]?.list() ?? [] }
}
