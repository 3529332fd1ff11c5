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
        var cursor = HeaderCursor(body)
        cursor.skipSpaceAndComments()
        let type = cursor.token()
        cursor.skipSpaceAndComments()
        guard !type.isEmpty, cursor.skip(UInt8(ascii: "/")) else { return nil }
        cursor.skipSpaceAndComments()
        let subtype = cursor.token()
        guard !subtype.isEmpty else { return nil }
        self.type = String(decoding: type, as: UTF8.self).lowercased()
        self.subtype = String(decoding: subtype, as: UTF8.self).lowercased()
        parameters = HeaderParameters(&cursor)
    }

    /// `type/subtype`.
    package var essence: String { "\(type)/\(subtype)" }
    package var isMultipart: Bool { type == "multipart" }
    /// RFC 2046 §5.2.1, RFC 6532 §3.7, and the type of news that is met in mails.
    package var isMessage: Bool {
        type == "message" && (subtype == "rfc822" || subtype == "global" || subtype == "news")
    }

    /// RFC 2045 §5.2
    package static let textPlain = ContentType("text", "plain")
    /// What the parts of a digest are: RFC 2046 §5.1.5.
    package static let messageRFC822 = ContentType("message", "rfc822")
}
