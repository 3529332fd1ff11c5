import MailModel

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
    }

    private let bytes: ArraySlice<UInt8>
    /// Where the tags are, from the first byte: slices would be counted whenever one is looked at.
    private var places: [Place] = []

    private struct Place {
        var name: Range<Int>
        var rawValue: Range<Int>
    }

    package init(_ bytes: ArraySlice<UInt8>) throws(TagListDefect) {
        self.bytes = bytes
        places.reserveCapacity(12)
        let defect = bytes.withUnsafeBufferPointer { buffer -> TagListDefect? in
            do throws(TagListDefect) {
                try read(buffer)
                return nil
            } catch {
                return error
            }
        }
        if let defect { throw defect }
    }

    private mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) throws(TagListDefect) {
        var position = 0
        while position < bytes.count {
            let end = bytes[position...].firstIndex(of: UInt8(ascii: ";")) ?? bytes.count
            // A list may end in a semicolon, and then has nothing but space behind it.
            if end == bytes.count, !places.isEmpty,
                bytes[position..<end].allSatisfy(\.isFoldingSpace)
            {
                break
            }
            try add(position..<end, of: bytes)
            position = end + 1
        }
    }

    private mutating func add(
        _ spec: Range<Int>, of bytes: UnsafeBufferPointer<UInt8>
    ) throws(TagListDefect) {
        guard let equals = bytes[spec].firstIndex(of: UInt8(ascii: "=")) else { throw .noValue }
        var name = spec.lowerBound..<equals
        while let first = name.first, bytes[first].isFoldingSpace { name = name.dropFirst() }
        while let last = name.last, bytes[last].isFoldingSpace { name = name.dropLast() }
        guard Self.isName(bytes[name]) else { throw .badName }
        let place = Place(name: name, rawValue: (equals + 1)..<spec.upperBound)
        guard bytes[place.rawValue].allSatisfy(Self.isValueByte) else {
            throw .badValue(tag: String(decoding: bytes[name], as: UTF8.self))
        }
        guard !places.contains(where: { bytes[$0.name].elementsEqual(bytes[name]) }) else {
            throw .duplicate(tag: String(decoding: bytes[name], as: UTF8.self))
        }
        guard places.count < Self.tagsMax else { throw .tooManyTags }
        places.append(place)
    }

    /// In order.
    package var tags: [Tag] { places.map(tag) }

    private func tag(at place: Place) -> Tag {
        let start = bytes.startIndex
        return Tag(
            name: bytes[(start + place.name.lowerBound)..<(start + place.name.upperBound)],
            rawValue: bytes[
                (start + place.rawValue.lowerBound)..<(start + place.rawValue.upperBound)])
    }

    /// The tag of that name, in that case.
    package func tag(_ name: StaticString) -> Tag? {
        let place = bytes.withUnsafeBufferPointer { bytes in
            name.withUTF8Buffer { wanted in
                places.first { bytes[$0.name].elementsEqual(wanted) }
            }
        }
        return place.map(tag)
    }

    /// The value of the tag of that name without surrounding white space.
    package subscript(_ name: StaticString) -> ArraySlice<UInt8>? { tag(name)?.value }

    private static func isName(_ name: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        guard let first = name.first, first.isASCIILetter else { return false }
        return name.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "_") }
    }

    private static func isValueByte(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte.isFoldingSpace
    }
}
