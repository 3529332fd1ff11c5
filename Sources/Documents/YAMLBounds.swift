import Yams

/// Of the parser's C part: a limit of all its readers, 1,000 by itself, which aliases multiply.
@_silgen_name("yaml_set_max_nest_level")
private func setNestingMax(_ max: Int32)

/// What keeps a YAML document from growing while it is read: by its size, by aliases of aliases,
/// and by nesting.
enum YAMLBounds {
    private static let nestingIsBounded: Void = setNestingMax(DocumentReader.nestingMax)

    /// Whether `text` may be parsed; `note` is told why not.
    static func isWithin(_ text: String, note: (String) -> Void) -> Bool {
        _ = nestingIsBounded
        guard text.utf8.count <= DocumentReader.bytesMax else {
            note("has \(text.utf8.count) bytes, at most \(DocumentReader.bytesMax) are read")
            return false
        }
        guard aliasCount(text) <= DocumentReader.aliasesMax else {
            note("more than \(DocumentReader.aliasesMax) aliases (*name)")
            return false
        }
        return true
    }

    /// Where an alias may stand: some places in comments and texts are counted too.
    private static func aliasCount(_ text: String) -> Int {
        var count = 0
        var previous = UInt8(ascii: "\n")
        var isOpen = false
        for byte in text.utf8 {
            if isOpen, !isSpace(byte) { count += 1 }
            isOpen = byte == UInt8(ascii: "*") && (isSpace(previous) || isFlow(previous))
            previous = byte
        }
        return count
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private static func isFlow(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") || byte == UInt8(ascii: ",")
            || byte == UInt8(ascii: ":")
    }

    /// Why `node` is too much, with all that its aliases stand for; nil where it is not. The
    /// parser looks ahead and so lets more levels pass than it should.
    static func excess(of node: Node) -> String? {
        var values = 0
        return excess(of: node, depth: 1, &values)
    }

    private static func excess(of node: Node, depth: Int32, _ values: inout Int) -> String? {
        values += 1
        guard values <= DocumentReader.valuesMax else {
            return "more than \(DocumentReader.valuesMax) values, once its aliases are followed"
        }
        guard depth <= DocumentReader.nestingMax else {
            return "nested too deep: at most \(DocumentReader.nestingMax) levels"
        }
        switch node {
        case .scalar, .alias: return nil
        case .sequence(let sequence):
            for element in sequence {
                if let found = excess(of: element, depth: depth + 1, &values) { return found }
            }
        case .mapping(let mapping):
            for (key, value) in mapping {
                if let found = excess(of: key, depth: depth + 1, &values) { return found }
                if let found = excess(of: value, depth: depth + 1, &values) { return found }
            }
        }
        return nil
    }
}
