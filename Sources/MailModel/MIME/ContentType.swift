/// The value of a `Content-Type` field: `type/subtype`, both in lower case, and parameters.
/// RFC 2045 §5.1
package struct ContentType: Sendable, Hashable {
    package var type: String
    package var subtype: String
    package var parameters: HeaderParameters

    package init(_ type: String, _ subtype: String, parameters: HeaderParameters = .none) {
        self.type = type
        self.subtype = subtype
        self.parameters = parameters
    }

    /// The field's body, folded or not; nil if it names no type and subtype.
    package init?(_ body: ArraySlice<UInt8>) {
        let (type, isValid) = Self.reading(body)
        guard isValid else { return nil }
        self = type
    }

    /// As RFC 2045 §5.2 says of a field that is invalid, text; but its parameters are read, since
    /// they may name what it is.
    static func reading(_ body: ArraySlice<UInt8>) -> (ContentType, isValid: Bool) {
        var cursor = HeaderCursor(body)
        cursor.skipSpaceAndComments()
        let type = cursor.token()
        cursor.skipSpaceAndComments()
        let hasSubtype = cursor.skip(UInt8(ascii: "/"))
        if hasSubtype { cursor.skipSpaceAndComments() }
        let subtype = hasSubtype ? cursor.token() : []
        guard !type.isEmpty, !subtype.isEmpty else {
            _ = cursor.take { $0 == UInt8(ascii: ";") }
            return (ContentType("text", "plain", parameters: HeaderParameters(&cursor)), false)
        }
        let contentType = ContentType(
            String(decoding: type, as: UTF8.self).lowercased(),
            String(decoding: subtype, as: UTF8.self).lowercased(),
            parameters: HeaderParameters(&cursor))
        return (contentType, true)
    }

    /// `type/subtype`.
    package var essence: String { "\(type)/\(subtype)" }
    package var isMultipart: Bool { type == "multipart" }
    /// RFC 2046 §5.2.1, RFC 6532 §3.7, and the type of news that is met in mails.
    package var isMessage: Bool {
        type == "message" && (subtype == "rfc822" || subtype == "global" || subtype == "news")
    }

    /// Of a multipart, what its delimiters have behind their dashes; nil if it names nothing. No
    /// boundary ends in space: RFC 2046 §5.1.1.
    package var boundary: [UInt8]? {
        guard isMultipart, var boundary = parameters.bytes("boundary") else { return nil }
        while let last = boundary.last, HeaderCursor.isSpace(last) { boundary.removeLast() }
        return boundary.isEmpty ? nil : boundary
    }

    /// RFC 2045 §5.2
    package static let textPlain = ContentType("text", "plain")
    /// What the parts of a digest are: RFC 2046 §5.1.5.
    package static let messageRFC822 = ContentType("message", "rfc822")
}
