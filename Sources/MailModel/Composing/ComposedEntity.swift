/// A mail of ours, or a part of one: 7-bit whatever it tells, so that every next hop takes it.
/// RFC 2045 §2.4
package struct ComposedEntity: Sendable {
    package private(set) var fields: [ComposedField]
    /// Lines of at most 998 bytes with CRLF ends.
    package let body: [UInt8]

    /// Parts in this order under this subtype; `parameters` are ours. `boundarySeed` is random, so
    /// that who is quoted in a part cannot know the boundary; it is lengthened until no part has it.
    static func multipart(
        _ subtype: StaticString, parameters: StaticString = "", boundarySeed: ArraySlice<UInt8>,
        _ parts: [ComposedEntity]
    ) -> ComposedEntity {
        let contents = parts.map(\.bytes)
        var boundary = "=_" + Hexadecimal.text(boundarySeed)
        while contents.contains(where: { $0.hasLine(beginningWith: "--\(boundary)") }) {
            boundary += "_"
        }
        var body: [UInt8] = []
        for content in contents { body += Array("--\(boundary)\r\n".utf8) + content + [13, 10] }
        body += Array("--\(boundary)--\r\n".utf8)
        let type = "multipart/\(subtype);\(parameters) boundary=\"\(boundary)\""
        return ComposedEntity(
            fields: [ComposedField("Content-Type", prose: type)], body: body)
    }

    /// Text for people; its lines end in LF or CRLF.
    package static func text(_ text: String) -> ComposedEntity {
        ComposedEntity(encoding: lines(text), type: "text/plain")
    }

    private static func lines(_ text: String) -> [UInt8] {
        let lines = Array(text.utf8).split(separator: 10, omittingEmptySubsequences: false)
            .map { $0.last == 13 ? $0.dropLast() : $0 }
        return Array(lines.joined(separator: [13, 10]))
    }

    /// As `text`, for a browser.
    static func html(_ html: String) -> ComposedEntity {
        ComposedEntity(encoding: Self.lines(html), type: "text/html")
    }

    /// A file's bytes in base64; `type` is a content type without parameters.
    static func attachment(_ content: [UInt8], type: String, name: String) -> ComposedEntity {
        var body: [UInt8] = []
        let encoded = Base64.encode(content)
        for start in stride(from: 0, to: encoded.count, by: 76) {
            body += encoded[start..<min(start + 76, encoded.count)] + [13, 10]
        }
        return ComposedEntity(
            fields: [
                ComposedField("Content-Type", prose: type),
                ComposedField("Content-Transfer-Encoding", prose: "base64"),
                ComposedField(
                    "Content-Disposition",
                    prose: "attachment; \(HeaderParameters.text("filename", name))"),
            ], body: body)
    }

    /// Lines of text with CRLF ends: as they are, or in quoted-printable.
    init(encoding lines: [UInt8], type: StaticString) {
        let isPlain = lines.split(separator: 10, omittingEmptySubsequences: false).allSatisfy {
            let line = $0.last == 13 && $0.endIndex < lines.endIndex ? $0.dropLast() : $0
            return line.count <= ComposedField.lineBytesMax
                && line.allSatisfy { $0 == 9 || (32..<127).contains($0) }
        }
        fields = [
            ComposedField("Content-Type", prose: "\(type); charset=utf-8"),
            ComposedField(
                "Content-Transfer-Encoding", prose: isPlain ? "7bit" : "quoted-printable"),
        ]
        body = isPlain ? lines : QuotedPrintable.encode(lines)
    }

    /// 7-bit lines with CRLF ends that are of this type as they are.
    init(lines: [UInt8], type: StaticString) {
        fields = [ComposedField("Content-Type", prose: type.description)]
        body = lines
    }

    private init(fields: [ComposedField], body: [UInt8]) {
        self.fields = fields
        self.body = body
    }

    /// The entity as the body of a mail with these fields before its own.
    package func mail(_ header: [ComposedField]) -> ComposedEntity {
        ComposedEntity(
            fields: header + [ComposedField("MIME-Version", prose: "1.0")] + fields, body: body)
    }

    /// Header section, empty line, body.
    package var bytes: [UInt8] { fields.flatMap(\.bytes) + [13, 10] + body }
}

extension [UInt8] {
    fileprivate func hasLine(beginningWith text: String) -> Bool {
        split(separator: 10).contains { $0.starts(with: text.utf8) }
    }
}
