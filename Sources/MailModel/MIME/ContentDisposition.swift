/// The value of a `Content-Disposition` field. RFC 2183 §2
package struct ContentDisposition: Sendable, Hashable {
    /// In lower case: `inline`, `attachment`, or something else, which counts as `attachment`
    /// (RFC 2183 §2.8); empty if the field names none.
    package var type: String
    package var parameters: HeaderParameters

    package init(_ body: ArraySlice<UInt8>) {
        var cursor = HeaderCursor(body)
        cursor.skipSpaceAndComments()
        let start = cursor
        type = String(decoding: cursor.token(), as: UTF8.self).lowercased()
        cursor.skipSpaceAndComments()
        // QUIRK: `Content-Disposition: filename=x` says no type.
        if cursor.current == UInt8(ascii: "=") {
            type = ""
            cursor = start
        }
        parameters = HeaderParameters(&cursor)
    }

    package var isInline: Bool { type == "inline" }
}
