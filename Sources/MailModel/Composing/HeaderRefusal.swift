/// Why the header section of a submitted mail does not leave as it is.
package struct HeaderRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Reason: Sendable, Hashable {
        /// A field that every mail has, or an address in one.
        case missing
        /// A field that is there once at most. SES: «header fields»
        case repeated
        /// No field, nor the continuation of one; white space alone among them, which some take
        /// for the header's end.
        case malformedLine
        /// CR or LF alone: servers differ on whether it ends a line.
        case bareLineEnd
        case nul
        case lineTooLong
        case headerTooLong
        /// An address that cannot be read, or that readers may take for different ones.
        case address(AddressListFault)
        case tag(MessageTag.Refusal)
    }

    package let reason: Reason
    /// As written; nil where it is about a line that is of no field.
    package let field: String?
    /// From 1; nil where the field is missing.
    package let line: Int?

    package init(_ reason: Reason, field: String? = nil, line: Int? = nil) {
        self.reason = reason
        self.field = field
        self.line = line
    }

    /// The same of a header that has other lines where it was written: `line` says which.
    package func moved(_ line: (Int) -> Int) -> HeaderRefusal {
        HeaderRefusal(reason, field: field, line: self.line.map(line))
    }

    /// For whoever submitted it, in one line.
    package var description: String {
        let name = field ?? "header"
        let place = line.map { " (line \($0))" } ?? ""
        return switch reason {
        case .missing: "Missing required header '\(name)'."
        case .repeated: "Duplicate header '\(name)'\(place)."
        case .malformedLine: "Invalid header line\(place)."
        case .bareLineEnd: "A header line has a CR or LF alone\(place)."
        case .nul: "A header line has a NUL\(place)."
        case .lineTooLong:
            "A header line has over \(ComposedField.lineBytesMax) bytes\(place)."
        case .headerTooLong: "The header is too long."
        case .address(let fault): "\(fault) in header '\(name)'\(place)."
        case .tag(let refusal): refusal.description
        }
    }
}
