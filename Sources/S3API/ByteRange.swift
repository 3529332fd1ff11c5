import MailModel

/// Which bytes of an object are asked for. RFC 9110 §14.1.2
///
///     ranges-specifier = "bytes=" ( first-pos "-" [ last-pos ] / "-" suffix-length )
enum ByteRange {
    /// All of it.
    case whole
    case part(Range<Int>)
    case unsatisfiable

    /// Of an object of `size` bytes. What is no range, and more than one, is the whole: a server may
    /// ignore them.
    init(_ field: String?, size: Int) {
        guard let field, field.lowercased().hasPrefix("bytes=") else {
            self = .whole
            return
        }
        let sides = field.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard sides.count == 2 else {
            self = .whole
            return
        }
        switch (Self.number(sides[0]), Self.number(sides[1])) {
        case (.some(let first), nil) where sides[1].isEmpty:
            self = first < size ? .part(first..<size) : .unsatisfiable
        case (.some(let first), .some(let last)) where first <= last:
            self = first < size ? .part(first..<(min(last, size - 1) + 1)) : .unsatisfiable
        case (nil, .some(let count)) where sides[0].isEmpty:
            self = count > 0 && size > 0 ? .part(max(0, size - count)..<size) : .unsatisfiable
        default: self = .whole
        }
    }

    /// At most 18 digits: more is beyond every object.
    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy(\.isASCIIDigit) else { return nil }
        return text.utf8.count <= 18 ? Int(text) : Int.max - 1
    }
}
