import MailModel
package import Storage

/// A page of a bucket, as its server tells it. S3: `ListObjectsV2`
///
/// The document is searched for the elements that are wanted, byte by byte, since a key may begin with
/// what a text would join to the mark before it. Nothing else of XML is known: no attributes, no
/// comments, no document type.
package enum EndpointListing {
    /// Nil where the document is none, has no end, or says something of an object that cannot be read.
    package static func read(_ document: [UInt8]) -> ObjectListing? {
        guard String(validating: document, as: UTF8.self) != nil,
            document.firstRange(of: Array("<ListBucketResult".utf8)) != nil,
            document.firstRange(of: Array("</ListBucketResult>".utf8)) != nil,
            let isCut = text("IsTruncated", in: document[...]), ["true", "false"].contains(isCut)
        else { return nil }
        var entries: [ObjectListing.Entry] = []
        var rest = document[...]
        while let (contents, end) = element("Contents", in: rest) {
            guard let entry = entry(contents) else { return nil }
            entries.append(entry)
            rest = rest[end...]
        }
        return ObjectListing(entries: entries, isCut: isCut == "true")
    }

    private static func entry(_ contents: ArraySlice<UInt8>) -> ObjectListing.Entry? {
        guard let key = text("Key", in: contents), !key.isEmpty,
            let size = text("Size", in: contents).flatMap({ Int($0) }), size >= 0,
            let time = text("LastModified", in: contents).flatMap(time)
        else { return nil }
        return .object(
            key: key,
            ObjectFacts(size: size, modifiedAt: time, tag: text("ETag", in: contents) ?? ""))
    }

    /// What stands in the first one of that name, and where it ends.
    private static func element(
        _ name: String, in bytes: ArraySlice<UInt8>
    ) -> (content: ArraySlice<UInt8>, end: Int)? {
        guard let start = bytes.firstRange(of: Array("<\(name)>".utf8)),
            let end = bytes[start.upperBound...].firstRange(of: Array("</\(name)>".utf8))
        else { return nil }
        return (bytes[start.upperBound..<end.lowerBound], end.upperBound)
    }

    private static func text(_ name: String, in bytes: ArraySlice<UInt8>) -> String? {
        element(name, in: bytes).flatMap { unescaped($0.content) }
    }

    private static let entities: [String: Unicode.Scalar] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'",
    ]

    /// With its character references, and the five entities that every document has, as what they stand
    /// for; nil where there are elements, too. XML 1.0, “Character and Entity References”
    private static func unescaped(_ bytes: ArraySlice<UInt8>) -> String? {
        guard !bytes.contains(UInt8(ascii: "<")) else { return nil }
        var plain: [UInt8] = []
        var rest = bytes
        while let start = rest.firstIndex(of: UInt8(ascii: "&")) {
            plain += rest[..<start]
            guard let end = rest[start...].firstIndex(of: UInt8(ascii: ";")),
                let scalar = scalar(String(decoding: rest[(start + 1)..<end], as: UTF8.self))
            else { return nil }
            plain += String(Character(scalar)).utf8
            rest = rest[(end + 1)...]
        }
        return String(decoding: plain + rest, as: UTF8.self)
    }

    private static func scalar(_ reference: String) -> Unicode.Scalar? {
        guard reference.hasPrefix("#") else { return entities[reference] }
        let digits = reference.dropFirst()
        let value =
            digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return value.flatMap(Unicode.Scalar.init)
    }

    /// `2026-11-29T14:30:00.000Z`, to the second.
    private static func time(_ text: String) -> Timestamp? {
        guard text.hasSuffix("Z") else { return nil }
        let digits = text.prefix(19).filter { $0 != "-" && $0 != ":" }
        return Timestamp(iso8601Basic: digits + "Z")
    }

    /// Whether each key begins with the prefix that was asked for.
    static func isBelow(_ prefix: String, _ listing: ObjectListing) -> Bool {
        listing.entries.allSatisfy { $0.name.utf8.starts(with: prefix.utf8) }
    }

    /// Whether each key is behind the one before it, and the first behind `key`.
    package static func isInOrder(_ listing: ObjectListing, after key: String) -> Bool {
        var last = key
        for entry in listing.entries {
            guard last.utf8.lexicographicallyPrecedes(entry.name.utf8) else { return false }
            last = entry.name
        }
        return true
    }
}
