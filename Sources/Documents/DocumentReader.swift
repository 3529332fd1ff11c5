import Yams

/// Reads one YAML (or JSON) document and gathers every problem on the way, so that people get all
/// of them at once with their lines.
///
/// Read through `root`; ask `problems` at the end. A value that is wrong reads as nil or as its
/// default, and is noted.
package final class DocumentReader {
    /// Of one document's text.
    package static let bytesMax = 4_194_304
    /// Values in lists and mappings in each other.
    static let nestingMax: Int32 = 32
    /// Places where `*name` stands for what `&name` named before: each may add to the depth.
    package static let aliasesMax = 16
    /// Values, with those that aliases stand for counted each time: a few aliases of aliases are
    /// more than any memory holds.
    package static let valuesMax = 1_000_000

    package let file: String
    package private(set) var problems: [DocumentProblem] = []
    private var rootNode: Node?

    package init(file: String, text: String) {
        self.file = file
        do {
            // Some editors put a mark before the text that says that it is Unicode.
            let hasMark = text.unicodeScalars.first == "\u{FEFF}"
            let text = hasMark ? String(text.unicodeScalars.dropFirst()) : text
            guard YAMLBounds.isWithin(text, note: { note($0, line: nil, path: "") }) else { return }
            let node = try Yams.compose(yaml: text)
            if let excess = node.flatMap(YAMLBounds.excess) {
                note(excess, line: nil, path: "")
                return
            }
            rootNode = node
            if rootNode == nil { note("the document is empty", line: nil, path: "") }
        } catch let error as YamlError {
            note(Self.message(of: error), line: Self.line(of: error), path: "")
        } catch {
            note("\(error)", line: nil, path: "")
        }
    }

    /// Reads `json`, which came from `file`; problems have no lines, but for where it is no JSON.
    package init(file: String, json: [UInt8]) {
        self.file = file
        guard let node = JSONDocument.node(json) else {
            let fault = JSONFault(json)
            note("not JSON\(fault.map { ": \($0.text)" } ?? "")", line: fault?.line, path: "")
            return
        }
        if let excess = YAMLBounds.excess(of: node) {
            note(excess, line: nil, path: "")
            return
        }
        rootNode = node
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
        case .reader(_, let offset, _, let text):
            offset.map { text.utf8.prefix($0).count { $0 == UInt8(ascii: "\n") } + 1 }
        case .duplicatedKeysInMapping(_, let context): context.mark.line
        default: nil
        }
    }

    private static func message(of error: YamlError) -> String {
        switch error {
        case .scanner(let context, let problem, _, _), .parser(let context, let problem, _, _),
            .composer(let context, let problem, _, _):
            "not YAML: \(message(problem, context))"
        case .reader(let problem, _, let value, _):
            "not YAML: \(problem) (U+\(hexadecimal(value)))"
        case .duplicatedKeysInMapping(let duplicates, _):
            "given twice: \(duplicates.sorted().joined(separator: ", "))"
        default: "not YAML: \(error)"
        }
    }

    /// The parser's own words; its context says what began where, or begins the sentence.
    private static func message(_ problem: String, _ context: YamlError.Context?) -> String {
        guard !problem.contains("nesting level") else { return "nested too deep" }
        guard let context else { return problem }
        guard context.text.hasPrefix("while") else { return "\(context.text) \(problem)" }
        return "\(problem) \(context.text) that begins in line \(context.mark.line)"
    }

    private static func hexadecimal(_ value: Int32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

/// One value of a document and where it stands.
package struct DocumentValue {
    private let node: Node
    package let path: String
    private let reader: DocumentReader
    private let keyLine: Int?

    /// `keyLine` is where its key stands; what has no key has none.
    init(_ node: Node, path: String, keyLine: Int? = nil, reader: DocumentReader) {
        self.node = node
        self.path = path
        self.keyLine = keyLine
        self.reader = reader
    }

    package var line: Int? { node.mark?.line }

    /// Where it is named: a mapping's own line may be that of its first entry.
    package var nameLine: Int? { keyLine ?? line }

    package func note(_ message: String) {
        reader.note(message, line: line, path: path)
    }

    fileprivate func note(_ message: String, line: Int?) {
        reader.note(message, line: line, path: path)
    }

    /// As `note`, for what is wrong with the whole of it rather than with something in it.
    package func noteWhole(_ message: String) {
        reader.note(message, line: nameLine, path: path)
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
        var hasUnknownKeys = false
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
                hasUnknownKeys = true
                continue
            }
            values[key] = DocumentValue(
                value, path: valuePath, keyLine: keyNode.mark?.line, reader: reader)
        }
        return DocumentMapping(value: self, values: values, hasUnknownKeys: hasUnknownKeys)
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

    /// The entries of a list, or the one value that stands in its place.
    package func oneOrMore() -> [DocumentValue] { isSequence ? list() : [self] }

    package func string() -> String? {
        guard case .scalar(let scalar) = node, !isNull else {
            note("found \(kind), expected text")
            return nil
        }
        return scalar.string
    }

    package func int(in range: ClosedRange<Int>) -> Int? {
        guard case .scalar(let scalar) = node, Self.isWholeNumber(scalar.string) else {
            note("found \(kind), expected a whole number")
            return nil
        }
        guard let number = Int(scalar.string), range.contains(number) else {
            note("found \(scalar.string), expected \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    private static func isWholeNumber(_ text: String) -> Bool {
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        return !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
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
    /// Keys that may not stand here were noted, and left out.
    package let hasUnknownKeys: Bool
    private let values: [String: DocumentValue]

    init(value: DocumentValue, values: [String: DocumentValue], hasUnknownKeys: Bool) {
        self.value = value
        self.values = values
        self.hasUnknownKeys = hasUnknownKeys
    }

    package var keys: [String] { values.keys.sorted() }

    /// Nil where the key is absent, or stands there with nothing behind it.
    package subscript(key: String) -> DocumentValue? {
        values[key].flatMap { $0.isNull ? nil : $0 }
    }

    /// Notes what is wrong with the name `key`, where that stands.
    package func note(_ message: String, atKey key: String) {
        value.note(message, line: values[key]?.nameLine)
    }

    /// As the subscript; an absent key is noted, and one with nothing behind it.
    package func required(_ key: String) -> DocumentValue? {
        if let found = self[key] { return found }
        if values[key] == nil {
            value.noteWhole("“\(key)” is missing")
        } else {
            note("“\(key)” has nothing behind it", atKey: key)
        }
        return nil
    }

    package func string(_ key: String) -> String? { self[key]?.string() }

    package func int(_ key: String, in range: ClosedRange<Int>) -> Int? {
        self[key]?.int(in: range)
    }

    package func bool(_ key: String) -> Bool? { self[key]?.bool() }

    package func list(_ key: String) -> [DocumentValue] { self[key]?.list() ?? [] }
}
