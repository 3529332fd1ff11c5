/// Why bytes are no tag list.
package enum TagListDefect: Error, Sendable, Hashable, CustomStringConvertible {
    /// Something between two semicolons has no `=`.
    case noValue
    /// A name that is none, or none at all.
    case badName
    /// A value with a byte that none may have.
    case badValue(tag: String)
    /// RFC 6376 §3.2: then the whole list is invalid.
    case duplicate(tag: String)
    /// More than `TagList.tagsMax`.
    case tooManyTags

    package var description: String {
        switch self {
        case .noValue: "something in it is no tag"
        case .badName: "the name of a tag is not valid"
        case .badValue(let tag): "the value of \(tag)= has bytes that none may have"
        case .duplicate(let tag): "it has \(tag)= twice"
        case .tooManyTags: "it has too many tags"
        }
    }
}

/// The tags of a signature field or a key record, in order, as bytes where they stood.
///
///     tag-list  = tag-spec *( ";" tag-spec ) [ ";" ]
///     tag-spec  = [FWS] tag-name [FWS] "=" [FWS] tag-value [FWS]
///     tag-name  = ALPHA *( ALPHA / DIGIT / "_" )
///     tag-value = [ tval *( 1*(WSP / FWS) tval ) ]
///     tval      = 1*( %x21-3A / %x3C-7E / UTF8-non-ascii )
///
/// Names and values keep their case. RFC 6376 §3.2, RFC 8616 §4
package struct TagList: Sendable {
    package static let tagsMax = 64

    package struct Tag: Sendable {
        package let name: ArraySlice<UInt8>
        /// All between the `=` and the next `;` or the end.
        package let rawValue: ArraySlice<UInt8>

        /// Without surrounding white space.
        package var value: ArraySlice<UInt8> { rawValue.trimmingFoldingSpace() }

        var text: String { String(decoding: name, as: UTF8.self) }
    }

    package private(set) var tags: [Tag] = []

    package init(_ bytes: ArraySlice<UInt8>) throws(TagListDefect) {
        var rest = bytes
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: ";")) ?? rest.endIndex
            let spec = rest[..<end]
            rest = end < rest.endIndex ? rest[(end + 1)...] : rest[end...]
            // A list may end in a semicolon, and then has nothing but space behind it.
            if rest.isEmpty, spec.trimmingFoldingSpace().isEmpty, !tags.isEmpty { break }
            try add(spec)
        }
    }

    private mutating func add(_ spec: ArraySlice<UInt8>) throws(TagListDefect) {
        guard let equals = spec.firstIndex(of: UInt8(ascii: "=")) else { throw .noValue }
        let tag = Tag(
            name: spec[..<equals].trimmingFoldingSpace(), rawValue: spec[(equals + 1)...])
        guard Self.isName(tag.name) else { throw .badName }
        guard tag.rawValue.allSatisfy(Self.isValueByte) else { throw .badValue(tag: tag.text) }
        guard !tags.contains(where: { $0.name == tag.name }) else {
            throw .duplicate(tag: tag.text)
        }
        guard tags.count < Self.tagsMax else { throw .tooManyTags }
        tags.append(tag)
    }

    /// The tag of that name, in that case.
    package func tag(_ name: StaticString) -> Tag? {
        name.withUTF8Buffer { wanted in
            tags.first { $0.name.elementsEqual(wanted) }
        }
    }

    /// The value of the tag of that name without surrounding white space.
    package subscript(_ name: StaticString) -> ArraySlice<UInt8>? { tag(name)?.value }

    private static func isName(_ name: ArraySlice<UInt8>) -> Bool {
        guard let first = name.first, first.isASCIILetter else { return false }
        return name.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "_") }
    }

    private static func isValueByte(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte.isFoldingSpace
    }
}
