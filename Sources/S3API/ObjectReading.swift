import Hummingbird
import MailModel
import NIOCore
import Storage

/// Objects and listings, as answers. S3: `GetObject`, `HeadObject`
struct ObjectReading: Sendable {
    let objects: any ObjectAccess

    func list(_ asked: S3Listing, _ bucket: String) throws(ObjectRefusal) -> ObjectListing {
        guard asked.keysMax > 0 else { return ObjectListing(entries: [], isCut: false) }
        do throws(StorageFailure) {
            let listing = try objects.list(asked.question, in: bucket)
            // Who copies a bucket by its listing would not know that something is missing.
            for case .closed(_, let reason) in listing.entries {
                throw StorageFailure.forbidden(reason)
            }
            return listing
        } catch {
            throw .storage(error)
        }
    }

    /// `headers` are those that the answer is to have beside its own.
    func get(
        _ key: ObjectKey, _ bucket: String, _ request: Request, _ headers: [String: String]
    ) throws(ObjectRefusal) -> Response {
        let object = try open(key, bucket)
        let facts = object.facts
        var fields: HTTPFields = [
            .eTag: facts.entityTag, .lastModified: facts.modifiedAt.httpText,
            .acceptRanges: "bytes",
        ]
        switch Preconditions.answer(request.headers, facts) {
        case .failed: throw .error(.preconditionFailed)
        case .notModified: return Response(status: .notModified, headers: fields)
        case .goOn: break
        }
        // Nothing is known of what it is.
        fields[.contentType] = "binary/octet-stream"
        for (name, value) in headers {
            if let name = HTTPFields.Element.Name(name) { fields[name] = value }
        }
        let part: Range<Int>
        var status = HTTPResponse.Status.ok
        switch ByteRange(request.headers[.range], size: facts.size) {
        case .whole: part = 0..<facts.size
        case .part(let range):
            part = range
            status = .partialContent
            fields[.contentRange] =
                "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(facts.size)"
        case .unsatisfiable: throw .error(.invalidRange)
        }
        return Response(status: status, headers: fields, body: Self.body(of: object, part))
    }

    func open(_ key: ObjectKey, _ bucket: String) throws(ObjectRefusal) -> any StoredObject {
        do throws(StorageFailure) {
            if let object = try objects.open(key, in: bucket) { return object }
        } catch {
            throw .storage(error)
        }
        throw .error(.noSuchKey)
    }

    private static func body(of object: any StoredObject, _ part: Range<Int>) -> ResponseBody {
        ResponseBody(contentLength: part.count) { writer in
            var start = part.lowerBound
            while start < part.upperBound {
                let piece = try object.read(
                    from: start, length: min(S3Limits.pieceBytes, part.upperBound - start))
                // The client gets less than it was told, and so learns that it is not whole.
                guard piece.readableBytes > 0 else { throw StorageFailure.damaged("an object") }
                try await writer.write(piece)
                start += piece.readableBytes
            }
            try await writer.finish(nil)
        }
    }
}
