import CRE2

/// A regular expression as rules write them: RE2's syntax, without case, found anywhere in a text
/// unless it is anchored. Finding takes time linear in the text, whatever the expression is; what
/// RE2 leaves out (references back, looking around) does not compile.
package final class Pattern: Sendable {
    /// Of an expression, UTF-8.
    package static let bytesMax = 1_000
    /// Of an expression's program and of what finding keeps between calls.
    static let memoryBytesMax: Int64 = 1_048_576

    /// Why a text is no expression.
    package struct Fault: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    package let text: String
    /// The groups that have a name, as `(?P<name>…)` gives one.
    package let names: [String]
    private let groups: [(index: Int, name: String)]
    /// RE2 locks what finding changes.
    nonisolated(unsafe) private let expression: OpaquePointer
    private let groupCount: Int

    package init(_ text: String) throws(Fault) {
        guard text.utf8.count <= Self.bytesMax else {
            throw Fault(description: "it has more than \(Self.bytesMax) bytes")
        }
        var text = text
        var reason = [CChar](repeating: 0, count: 256)
        let made = text.withUTF8 { pattern in
            pattern.withMemoryRebound(to: CChar.self) {
                martlet_re2_new(
                    $0.baseAddress, $0.count, Self.memoryBytesMax, &reason, reason.count)
            }
        }
        guard let made else {
            let bytes = reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw Fault(description: String(decoding: bytes, as: UTF8.self))
        }
        self.text = text
        expression = made
        groupCount = Int(martlet_re2_group_count(made))
        groups = (1...max(1, groupCount)).compactMap { index in
            martlet_re2_group_name(made, Int32(index)).map { (index, String(cString: $0)) }
        }
        names = groups.map(\.name)
    }

    deinit { martlet_re2_free(expression) }

    /// What its named groups took of the leftmost match in `text`, those left out that took no part;
    /// nil where there is no match.
    package func firstMatch(in text: String) -> [String: String]? {
        // The whole match and the groups are only looked for where somebody wants them.
        let wanted = groups.isEmpty ? 0 : groupCount + 1
        var spans = [martlet_re2_span](repeating: martlet_re2_span(), count: wanted)
        var text = text
        return text.withUTF8 { bytes in
            let isFound = bytes.withMemoryRebound(to: CChar.self) {
                martlet_re2_search(
                    expression, $0.baseAddress, $0.count, &spans, Int32(wanted)) == 1
            }
            guard isFound else { return nil }
            var captures: [String: String] = [:]
            for (index, name) in groups where spans[index].start >= 0 {
                let start = spans[index].start
                captures[name] = String(
                    decoding: bytes[start..<(start + spans[index].length)], as: UTF8.self)
            }
            return captures
        }
    }
}

extension Pattern: Hashable {
    package static func == (left: Pattern, right: Pattern) -> Bool { left.text == right.text }

    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
