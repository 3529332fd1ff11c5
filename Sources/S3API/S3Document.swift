import MailModel
import RequestSigning
import Storage

/// S3's answers as XML.
struct S3Document {
    private static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
    private(set) var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

    private mutating func element(_ name: String, _ value: String) {
        text += "<\(name)>\(Self.escaped(value))</\(name)>"
    }

    private mutating func group(_ name: String, _ content: (inout S3Document) -> Void) {
        text += "<\(name)>"
        content(&self)
        text += "</\(name)>"
    }

    private mutating func root(_ name: String, _ content: (inout S3Document) -> Void) {
        text += "<\(name) xmlns=\"\(Self.namespace)\">"
        content(&self)
        text += "</\(name)>"
    }

    /// What XML cannot say becomes U+FFFD. XML 1.0, “Characters”
    private static func escaped(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;".unicodeScalars
            case "<": escaped += "&lt;".unicodeScalars
            case ">": escaped += "&gt;".unicodeScalars
            case "\"": escaped += "&quot;".unicodeScalars
            case "\r": escaped += "&#13;".unicodeScalars
            case "\t", "\n": escaped.append(scalar)
            case "\u{00}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": escaped.append("\u{FFFD}")
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }

    // MARK: The documents

    static func error(_ error: S3Error, resource: String, request: String) -> String {
        var document = S3Document()
        document.group("Error") {
            $0.element("Code", error.code)
            $0.element("Message", error.message)
            $0.element("Resource", resource)
            $0.element("RequestId", request)
        }
        return document.text
    }

    /// `owner` is the account's number. Buckets have no time of their beginning that is known.
    static func buckets(_ names: [String], owner: String) -> String {
        var document = S3Document()
        document.root("ListAllMyBucketsResult") {
            $0.group("Owner") { $0.element("ID", owner) }
            $0.group("Buckets") {
                for name in names {
                    $0.group("Bucket") {
                        $0.element("Name", name)
                        $0.element("CreationDate", Timestamp(milliseconds: 0).iso8601Text)
                    }
                }
            }
        }
        return document.text
    }

    /// Empty: the region that S3 began with.
    static var location: String {
        var document = S3Document()
        document.root("LocationConstraint") { _ in }
        return document.text
    }

    static func copied(_ facts: ObjectFacts) -> String {
        var document = S3Document()
        document.root("CopyObjectResult") {
            $0.element("LastModified", facts.modifiedAt.iso8601Text)
            $0.element("ETag", facts.entityTag)
        }
        return document.text
    }

    static func listing(_ listing: ObjectListing, of bucket: String, _ asked: S3Listing) -> String {
        func name(_ text: String) -> String {
            asked.isEncoded
                ? PercentEncoding.encode(text.utf8, keepingSlashes: true) : text
        }
        var document = S3Document()
        document.root("ListBucketResult") { root in
            root.element("Name", bucket)
            root.element("Prefix", name(asked.prefix))
            root.listed(listing, asked, name)
            root.element("MaxKeys", "\(asked.keysMax)")
            if asked.isByFolder { root.element("Delimiter", "/") }
            if asked.isEncoded { root.element("EncodingType", "url") }
            root.element("IsTruncated", "\(listing.isCut)")
            for entry in listing.entries { root.entry(entry, name) }
        }
        return document.text
    }

    /// Where the listing began, and where the next one goes on.
    private mutating func listed(
        _ listing: ObjectListing, _ asked: S3Listing, _ name: (String) -> String
    ) {
        let last = listing.isCut ? listing.entries.last?.name : nil
        guard asked.isVersion2 else {
            element("Marker", name(asked.marker ?? ""))
            if let last { element("NextMarker", name(last)) }
            return
        }
        if let start = asked.startAfter { element("StartAfter", name(start)) }
        if let token = asked.continuationToken { element("ContinuationToken", token) }
        if let last { element("NextContinuationToken", S3Listing.token(last)) }
        element("KeyCount", "\(listing.entries.count)")
    }

    private mutating func entry(_ entry: ObjectListing.Entry, _ name: (String) -> String) {
        switch entry {
        case .object(let key, let facts):
            group("Contents") {
                $0.element("Key", name(key))
                $0.element("LastModified", facts.modifiedAt.iso8601Text)
                $0.element("ETag", facts.entityTag)
                $0.element("Size", "\(facts.size)")
                $0.element("StorageClass", "STANDARD")
            }
        case .folder(let folder):
            group("CommonPrefixes") { $0.element("Prefix", name(folder)) }
        case .closed: break
        }
    }
}

extension ObjectFacts {
    /// RFC 9110 §8.8.3
    var entityTag: String { "\"\(tag)\"" }
}
