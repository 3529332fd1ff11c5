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

    /// Counts `node` and all in it; false once there are too many.
    static func count(_ node: Node, _ values: inout Int) -> Bool {
        values += 1
        guard values <= DocumentReader.valuesMax else { return false }
        switch node {
        case .scalar, .alias: return true
        case .sequence(let sequence):
            for element in sequence { guard count(element, &values) else { return false } }
        case .mapping(let mapping):
            for (key, value) in mapping {
                guard count(key, &values), count(value, &values) else { return false }
            }
        }
        return true
    }
}
