import MailModel

/// Why bytes are no Authentication-Results field's body.
package enum AuthenticationResultsDefect: Error, Sendable, Hashable {
    /// A comment or a quoted string does not end.
    case unended
    case noAuthenticator
    case badVersion
    case badMethod
    case badProperty
    /// More than `AuthenticationResults.methodsMax` or `propertiesMax`.
    case tooMany
}

extension AuthenticationResults {
    package static let methodsMax = 200
    package static let propertiesMax = 100

    /// Reads the body of a field, folded or not. Bytes that are not UTF-8 become U+FFFD.
    ///
    ///     authres-payload = [CFWS] authserv-id [ CFWS authres-version ]
    ///                       ( no-result / 1*resinfo ) [CFWS]
    ///     no-result       = [CFWS] ";" [CFWS] "none"
    ///     resinfo         = [CFWS] ";" methodspec [ CFWS reasonspec ] *( CFWS propspec )
    ///
    /// A final semicolon is met, and no defect. RFC 8601 §2.2
    package init(parsing body: ArraySlice<UInt8>) throws(AuthenticationResultsDefect) {
        var reader = ResultsReader(body)
        authenticator = try reader.authenticator()
        version = try reader.number(after: nil)
        methods = []
        while try reader.skip(UInt8(ascii: ";")) {
            guard try !reader.isAtEnd() else { break }
            if let method = try reader.method() {
                guard methods.count < Self.methodsMax else { throw .tooMany }
                methods.append(method)
            }
        }
        guard try reader.isAtEnd() else { throw .badMethod }
    }

    /// The name in a field's body, whatever results follow it. An encoded word before them is a
    /// defect: who decodes first reads another name.
    static func authenticator(
        in body: ArraySlice<UInt8>
    ) throws(AuthenticationResultsDefect) -> String {
        var reader = ResultsReader(body)
        let name = try reader.authenticator()
        _ = try reader.number(after: nil)
        let isAtEnd = try reader.isAtEnd()
        let isEnded = try reader.skip(UInt8(ascii: ";"))
        guard isAtEnd || isEnded, !reader.hasMetEncodedWord else { throw .noAuthenticator }
        return name
    }
}

private struct ResultsReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var lastComment: String?

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    private var current: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    /// Whether `=?` is in what was read.
    var hasMetEncodedWord: Bool {
        let read = bytes[..<position]
        return zip(read, read.dropFirst()).contains {
            $0 == UInt8(ascii: "=") && $1 == UInt8(ascii: "?")
        }
    }

    // MARK: Space

    /// White space and comments; the last comment is kept.
    private mutating func skipSpace() throws(AuthenticationResultsDefect) {
        while let byte = current {
            if byte.isFoldingSpace {
                position += 1
            } else if byte == UInt8(ascii: "(") {
                try skipComment()
            } else {
                return
            }
        }
    }

    private mutating func skipComment() throws(AuthenticationResultsDefect) {
        var depth = 0
        var text: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "("):
                depth += 1
                if depth > 1 { text.append(byte) }
            case UInt8(ascii: ")"):
                depth -= 1
                guard depth > 0 else {
                    lastComment = String(decoding: text, as: UTF8.self)
                    return
                }
                text.append(byte)
            case UInt8(ascii: "\\"):
                guard let quoted = current else { throw .unended }
                text.append(quoted)
                position += 1
            case UInt8(ascii: "\r"), UInt8(ascii: "\n"): continue
            default: text.append(byte)
            }
        }
        throw .unended
    }

    mutating func isAtEnd() throws(AuthenticationResultsDefect) -> Bool {
        try skipSpace()
        return position == bytes.endIndex
    }

    /// Whether that byte was there.
    mutating func skip(_ byte: UInt8) throws(AuthenticationResultsDefect) -> Bool {
        try skipSpace()
        guard current == byte else { return false }
        position += 1
        return true
    }

    // MARK: Parts

    mutating func authenticator() throws(AuthenticationResultsDefect) -> String {
        try skipSpace()
        if current == UInt8(ascii: "\"") { return try quotedString() }
        // RFC 6532 §3.2: beyond ASCII, too.
        let name = take { FieldValue.isTokenByte($0) || $0 >= 0x80 }
        guard !name.isEmpty else { throw .noAuthenticator }
        return name
    }

    /// A number behind that byte, or behind space; nil where there is none.
    mutating func number(after byte: UInt8?) throws(AuthenticationResultsDefect) -> Int? {
        if let byte {
            guard try skip(byte) else { return nil }
        }
        try skipSpace()
        let digits = take(\.isASCIIDigit)
        if digits.isEmpty, byte == nil { return nil }
        guard digits.utf8.count <= 9, let number = Int(digits) else { throw .badVersion }
        return number
    }

    /// Nil for `none`.
    mutating func method() throws(AuthenticationResultsDefect)
        -> AuthenticationResults.Method?
    {
        try skipSpace()
        let name = take(FieldValue.isKeyword)
        guard !name.isEmpty else { throw .badMethod }
        let version = try number(after: UInt8(ascii: "/"))
        guard try skip(UInt8(ascii: "=")) else {
            guard name.lowercased() == "none", version == nil else { throw .badMethod }
            return nil
        }
        try skipSpace()
        let result = take(FieldValue.isKeyword)
        guard !result.isEmpty else { throw .badMethod }
        lastComment = nil
        try skipSpace()
        var method = AuthenticationResults.Method(name, result, comment: lastComment)
        method.version = version
        while let byte = current, byte != UInt8(ascii: ";") {
            try readProperty(into: &method)
            try skipSpace()
        }
        return method
    }

    /// `reason=…` or `ptype.property=…`.
    private mutating func readProperty(
        into method: inout AuthenticationResults.Method
    ) throws(AuthenticationResultsDefect) {
        let type = take(FieldValue.isKeyword)
        guard !type.isEmpty else { throw .badProperty }
        if try skip(UInt8(ascii: ".")) {
            try skipSpace()
            let name = take(FieldValue.isKeyword)
            guard !name.isEmpty, try skip(UInt8(ascii: "=")) else { throw .badProperty }
            guard method.properties.count < AuthenticationResults.propertiesMax else {
                throw .tooMany
            }
            method.properties.append(AuthenticationResults.Property(type, name, try value()))
            return
        }
        // RFC 8601 §2.2 has `reason` alone without a dot; SES's `client-ip` and others are met.
        guard try skip(UInt8(ascii: "=")) else { throw .badProperty }
        let value = try value()
        if type.lowercased() == "reason" { method.reason = value }
    }

    /// What stands up to white space, a comment or a semicolon; it may begin with a quoted string.
    private mutating func value() throws(AuthenticationResultsDefect) -> String {
        try skipSpace()
        var value = ""
        if current == UInt8(ascii: "\"") { value = try quotedString() }
        return value + take { $0 > 0x20 && $0 != 0x7F && !"();\"".utf8.contains($0) }
    }

    private mutating func quotedString() throws(AuthenticationResultsDefect) -> String {
        position += 1
        var content: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let quoted = current else { throw .unended }
                content.append(quoted)
                position += 1
            // Folding within it. RFC 5322 §3.2.4
            case UInt8(ascii: "\r"), UInt8(ascii: "\n"): continue
            default: content.append(byte)
            }
        }
        throw .unended
    }

    private mutating func take(_ holds: (UInt8) -> Bool) -> String {
        let taken = bytes[position...].prefix(while: holds)
        position = taken.endIndex
        return String(decoding: taken, as: UTF8.self)
    }
}
