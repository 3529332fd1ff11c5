import Hummingbird
import MailModel
package import RequestSigning
package import Storage

/// What a request asks of S3, of what we can do. S3: “API Reference, Actions”
package enum S3Operation: Equatable {
    /// Where in S3's world something is.
    private enum Place: Equatable {
        case service
        case bucket(String)
        case object(String, key: String)
    }

    case listBuckets
    case headBucket(String)
    case bucketLocation(String)
    case listObjects(String, S3Listing)
    /// `headers` are those that the answer is to have.
    case getObject(String, ObjectKey, headers: [String: String])
    case headObject(String, ObjectKey)
    case putObject(String, ObjectKey)
    case copyObject(String, ObjectKey, source: String, sourceKey: ObjectKey)
    case deleteObject(String, ObjectKey)

    /// Parameters that the signature is in, and those that mean nothing to us, in lower case.
    private static let ignored: Set<String> = [
        "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires",
        "x-amz-signedheaders", "x-amz-signature", "x-amz-security-token", "x-amz-content-sha256",
        "x-amz-checksum-mode", "x-amz-user-agent", "x-id",
    ]

    /// Of uploads in parts.
    private static let partial: Set<String> = ["uploads", "uploadId", "partNumber"]

    /// Throws where it asks for anything else, or says something that we would have to honour and
    /// cannot.
    package init(_ request: SignedRequest) throws(S3Error) {
        let place = try Self.place(request.path)
        let parameters = try Self.parameters(of: request)
        if !Self.partial.isDisjoint(with: parameters.keys) { throw .multipart }
        switch (request.method, place) {
        case ("GET", .service):
            try Self.allow([], in: parameters)
            self = .listBuckets
        case ("HEAD", .bucket(let bucket)):
            try Self.allow([], in: parameters)
            self = .headBucket(bucket)
        case ("GET", .bucket(let bucket)) where parameters["location"] != nil:
            try Self.allow(["location"], in: parameters)
            self = .bucketLocation(bucket)
        case ("GET", .bucket(let bucket)):
            try Self.allow(S3Listing.parameters, in: parameters)
            self = .listObjects(bucket, try S3Listing(parameters))
        case ("GET", .object(let bucket, let key)):
            try Self.allow(Array(Self.answerHeaders.keys), in: parameters)
            self = .getObject(
                bucket, try Self.key(key), headers: try Self.headers(asked: parameters))
        case ("HEAD", .object(let bucket, let key)):
            try Self.allow(Array(Self.answerHeaders.keys), in: parameters)
            self = .headObject(bucket, try Self.key(key))
        case ("PUT", .object(let bucket, let key)):
            try Self.allow([], in: parameters)
            try Self.refuseWhatIsNotKept(request)
            self = try Self.put(bucket, try Self.newKey(key), request)
        case ("DELETE", .object(let bucket, let key)):
            try Self.allow([], in: parameters)
            self = .deleteObject(bucket, try Self.newKey(key))
        case ("POST", _) where !parameters.isEmpty, (_, .bucket) where !parameters.isEmpty:
            throw .notImplemented(parameters.keys.sorted().joined(separator: ", "))
        default: throw .methodNotAllowed
        }
    }

    // MARK: The target

    /// `/bucket/key`
    private static func place(_ path: [UInt8]) throws(S3Error) -> Place {
        guard let text = String(validating: path, as: UTF8.self) else { throw .invalidURI }
        let parts = text.dropFirst().split(
            separator: "/", maxSplits: 1, omittingEmptySubsequences: false
        ).map(String.init)
        guard let bucket = parts.first, !bucket.isEmpty else {
            guard parts.count < 2 else { throw .invalidURI }
            return .service
        }
        guard parts.count > 1, !parts[1].isEmpty else { return .bucket(bucket) }
        return .object(bucket, key: parts[1])
    }

    /// Of what is read: nothing has a name that cannot be.
    private static func key(_ text: String) throws(S3Error) -> ObjectKey {
        guard let key = ObjectKey(text) else { throw .noSuchKey }
        return key
    }

    private static func newKey(_ text: String) throws(S3Error) -> ObjectKey {
        guard let key = ObjectKey(text) else {
            throw .invalidArgument(
                "A key is a path without empty parts, none of which begins with a dot, and without "
                    + "control characters; at most \(ObjectKey.bytesMax) bytes, "
                    + "\(ObjectKey.partBytesMax) a part.")
        }
        return key
    }

    /// Those that have a meaning, by name.
    private static func parameters(
        of request: SignedRequest
    ) throws(S3Error) -> [String: String] {
        var parameters: [String: String] = [:]
        for parameter in request.parameters {
            guard let name = String(validating: parameter.name, as: UTF8.self),
                let value = String(validating: parameter.value, as: UTF8.self)
            else { throw .invalidURI }
            if ignored.contains(name.lowercased()) { continue }
            guard parameters.updateValue(value, forKey: name) == nil else {
                throw .invalidArgument("The parameter \(name) is there twice.")
            }
        }
        return parameters
    }

    /// A parameter that is not known may change all of the meaning.
    private static func allow(
        _ names: [String], in parameters: [String: String]
    ) throws(S3Error) {
        if let name = parameters.keys.sorted().first(where: { !names.contains($0) }) {
            throw .notImplemented(name)
        }
    }

    // MARK: Getting

    /// Parameters that give the answer a field.
    private static let answerHeaders = [
        "response-content-type": "content-type",
        "response-content-disposition": "content-disposition",
        "response-content-language": "content-language",
        "response-content-encoding": "content-encoding",
        "response-cache-control": "cache-control",
        "response-expires": "expires",
    ]

    private static func headers(
        asked parameters: [String: String]
    ) throws(S3Error) -> [String: String] {
        var headers: [String: String] = [:]
        for (name, value) in parameters {
            guard let header = answerHeaders[name] else { continue }
            guard !value.isEmpty, value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
                throw .invalidArgument("The value of \(name) is printable ASCII.")
            }
            headers[header] = value
        }
        return headers
    }

    // MARK: Putting

    /// Fields that we would have to honour. What an object is beside its bytes, is not kept: to say
    /// that it is would be no truth.
    private static let unkept = [
        "x-amz-meta-", "x-amz-tagging", "x-amz-server-side-encryption", "x-amz-object-lock-",
        "x-amz-website-redirect-location", "x-amz-grant-", "x-amz-write-offset-bytes",
        "x-amz-copy-source-", "if-match", "if-none-match",
    ]
    private static let defaults = ["x-amz-acl": "private", "x-amz-storage-class": "STANDARD"]

    private static func refuseWhatIsNotKept(_ request: SignedRequest) throws(S3Error) {
        for header in request.headers {
            let isDefault = defaults[header.name].map { $0 == header.value } ?? true
            guard isDefault, !unkept.contains(where: header.name.hasPrefix) else {
                throw .notImplemented(header.name)
            }
        }
    }

    private static func put(
        _ bucket: String, _ key: ObjectKey, _ request: SignedRequest
    ) throws(S3Error) -> S3Operation {
        let sources = request.values(of: "x-amz-copy-source")
        guard let source = sources.first else { return .putObject(bucket, key) }
        // With or without a slash before it.
        guard sources.count == 1, !source.contains("?"),
            let path = PercentEncoding.decode(source.utf8),
            case .object(let from, let sourceText) = try place(
                path.first == UInt8(ascii: "/") ? path : [UInt8(ascii: "/")] + path)
        else { throw .invalidArgument("x-amz-copy-source is BUCKET/KEY, percent-encoded.") }
        return .copyObject(bucket, key, source: from, sourceKey: try self.key(sourceText))
    }
}
