extension Unicode.Scalar {
    /// Whether it would end a line, move a terminal's cursor, or turn the direction of the text
    /// around it: what no text from elsewhere may do in a log, a message or a table.
    package var isControlling: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}

extension String {
    /// Line ends and other controlling characters as `\n`, `\r`, `\u{1b}`.
    package var withControlsEscaped: String {
        // Nearly all text is printable ASCII, and a look at its bytes is enough.
        guard utf8.contains(where: { $0 < 0x20 || $0 > 0x7E }),
            unicodeScalars.contains(where: \.isControlling)
        else { return self }
        var output = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case _ where scalar.isControlling:
                output += "\\u{\(String(scalar.value, radix: 16))}"
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output
    }
}
