import MailModel

extension AuthenticationResults {
    package static let fieldName = "Authentication-Results"

    /// Bytes of one value or comment: what is longer is cut, so that no line becomes too long for
    /// mail. RFC 5322 §2.1.1
    package static let valueBytesMax = 400
    /// Bytes of one keyword, for the same reason.
    package static let keywordBytesMax = 60

    /// The field with its name, folded before each method and where a line would pass 78 columns,
    /// without its final line end.
    package var field: String { "\(Self.fieldName): \(text)" }

    /// What stands behind the field's name. RFC 8601 §2.2
    package var text: String {
        var output = FieldLines(firstColumn: Self.fieldName.utf8.count + 2)
        output.add(FieldValue.token(authenticator) + (version.map { " \($0)" } ?? "") + ";")
        if methods.isEmpty { output.add("none") }
        for (index, method) in methods.enumerated() {
            output.fold()
            let tokens = method.tokens
            for (place, token) in tokens.enumerated() {
                let isLast = place == tokens.count - 1 && index < methods.count - 1
                output.add(isLast ? token + ";" : token)
            }
        }
        return output.text
    }
}

extension AuthenticationResults.Method {
    /// What may stand on lines of its own.
    fileprivate var tokens: [String] {
        let method = FieldValue.keyword(name) + (version.map { "/\($0)" } ?? "")
        var tokens = ["\(method)=\(FieldValue.keyword(result))"]
        if let comment { tokens.append(FieldValue.comment(comment)) }
        if let reason { tokens.append("reason=\(FieldValue.quoted(reason))") }
        for property in properties {
            tokens.append(
                "\(FieldValue.keyword(property.type)).\(FieldValue.keyword(property.name))="
                    + FieldValue.propertyValue(property.value))
        }
        return tokens
    }
}

/// Lines of at most 78 columns, where the parts allow it. RFC 5322 §2.2.3
struct FieldLines {
    private static let columnsMax = 78

    private(set) var text = ""
    private var column: Int
    private var isAtStart = true

    init(firstColumn: Int) {
        column = firstColumn
    }

    /// Begins a new line.
    mutating func fold() {
        text += "\r\n "
        column = 1
        isAtStart = true
    }

    /// A part that is not cut, behind a space or on a line of its own.
    mutating func add(_ part: String) {
        let width = part.utf8.count
        if !isAtStart {
            if column + 1 + width > Self.columnsMax {
                fold()
            } else {
                text += " "
                column += 1
            }
        }
        text += part
        column += width
        isAtStart = false
    }
}

/// How text of anyone gets into a field: never as anything but what it is. Controls, and what would
/// make a line too long, do not get in. RFC 8601 §2.2, RFC 2045 §5.1, RFC 5322 §3.2
enum FieldValue {
    /// `Keyword`: letters, digits and hyphens; underscores are met, too. Anything else goes.
    static func keyword(_ text: String) -> String {
        let kept = text.utf8.filter(isKeyword).prefix(AuthenticationResults.keywordBytesMax)
        return kept.isEmpty ? "x" : String(decoding: kept, as: UTF8.self)
    }

    /// A `value`: a token, or else a quoted string.
    static func token(_ text: String) -> String {
        let text = printable(text)
        return isToken(text[...]) ? text : quoted(text)
    }

    /// A `pvalue`: a value, or an address or `@domain` as it is.
    static func propertyValue(_ text: String) -> String {
        let text = printable(text)
        guard let at = text.lastIndex(of: "@") else { return token(text) }
        let localPart = text[..<at]
        return (localPart.isEmpty || isDotAtom(localPart))
            && isDotAtom(text[text.index(after: at)...]) ? text : quoted(text)
    }

    static func quoted(_ text: String) -> String {
        "\"\(escaped(printable(text)) { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") })\""
    }

    static func comment(_ text: String) -> String {
        let text = escaped(printable(text)) {
            $0 == UInt8(ascii: "(") || $0 == UInt8(ascii: ")") || $0 == UInt8(ascii: "\\")
        }
        return "(\(text))"
    }

    /// With a backslash before each byte that `isSpecial`, which are ASCII. RFC 5322 §3.2.1
    private static func escaped(_ text: String, where isSpecial: (UInt8) -> Bool) -> String {
        guard text.utf8.contains(where: isSpecial) else { return text }
        var output: [UInt8] = []
        for byte in text.utf8 {
            if isSpecial(byte) { output.append(UInt8(ascii: "\\")) }
            output.append(byte)
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// RFC 5322 §3.2.3
    static func isDotAtom(_ text: Substring) -> Bool {
        text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0.allSatisfy(AddressParser.isAtomText) }
    }

    private static func isToken(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
    }

    /// RFC 2045 §5.1: no space, control or one of its `tspecials`.
    static func isTokenByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && !"()<>@,;:\\\"/[]?=".utf8.contains(byte)
    }

    static func isKeyword(_ byte: UInt8) -> Bool {
        byte.isASCIILetter || byte.isASCIIDigit || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_")
    }

    /// What changes how text is shown, and is not seen itself.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    /// Without controls, before anything is decided by what it holds, and cut.
    private static func printable(_ text: String) -> String {
        let isLong = text.utf8.count > AuthenticationResults.valueBytesMax
        // What nearly all are: categories of scalars are slow to find.
        if !isLong, text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return text }
        var output = ""
        for scalar in text.unicodeScalars {
            if isLong, output.utf8.count + 4 > AuthenticationResults.valueBytesMax { break }
            output.unicodeScalars.append(isControl(scalar) ? "?" : scalar)
        }
        return output
    }
}
