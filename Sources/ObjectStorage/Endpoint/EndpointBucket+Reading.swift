import Crypto
import MailModel
import NIOCore
import Storage

/// What lies there. S3: `ListObjectsV2`, `GetObject`
extension EndpointBucket {
    /// Of a page's document: a key of 1,024 bytes may be six times that in XML, and has company.
    private static let bytesMaxOfEntry = 8_192
    /// Of what is said in the place of an object, which may be a small one.
    private static let refusalBytesMax = 65_536

    func listing(
        _ question: ObjectQuestion
    ) async throws(ObjectReadFailure) -> ObjectListing {
        var query = "list-type=2&max-keys=\(question.limit)"
        for (name, value) in [("prefix", question.prefix), ("start-after", question.after)]
        where !value.isEmpty {
            query += "&\(name)=\(PercentEncoding.encode(value.utf8))"
        }
        let answer: ObjectAnswer
        do throws(WebURL.ParsingError) {
            let name = PercentEncoding.encode(endpoint.bucket.utf8)
            answer = await get(
                try WebURL(parsing: "\(endpoint.url)\(name)?\(query)"),
                bytesMax: 65_536 + question.limit * Self.bytesMaxOfEntry)
        } catch {
            throw .unavailable("\(endpoint.url.hostField): \(error)")
        }
        guard case .answered(200, _, _, let body) = answer else {
            throw .unavailable(said(answer))
        }
        guard let listing = EndpointListing.read(body) else {
            throw .unavailable("\(endpoint.url.hostField): the listing cannot be read")
        }
        // Whoever goes on behind the last key would go on for ever.
        guard EndpointListing.isInOrder(listing, after: question.after) else {
            throw .unavailable(
                "\(endpoint.url.hostField): the listing is not in the order of keys from the asked one on"
            )
        }
        guard EndpointListing.isBelow(question.prefix, listing) else {
            throw .unavailable(
                "\(endpoint.url.hostField): the listing has keys that do not begin as was asked")
        }
        guard !listing.isCut || !listing.entries.isEmpty else {
            throw .unavailable("\(endpoint.url.hostField): the listing is cut, and has no keys")
        }
        return listing
    }

    /// `bucket`: what the configuration calls this one, as which objects are sealed. `size`: as it was
    /// listed. An answer that ends with its connection says nowhere that it lacks bytes.
    func object(
        _ key: ObjectKey, as bucket: String, size: Int
    ) async throws(ObjectReadFailure) -> (any StoredObject)? {
        let answer: ObjectAnswer
        do throws(WebURL.ParsingError) {
            answer = await get(
                try url(of: key), bytesMax: max(size, Self.refusalBytesMax))
        } catch {
            throw .unreadable("“\(key.text)” \(error)")
        }
        switch answer {
        case .answered(200, let tag, _, let body):
            guard body.count == size else {
                throw .unreadable(
                    "\(endpoint.url.hostField): answered with \(body.count) bytes, and listed \(size)"
                )
            }
            let object = ObjectInMemory(
                ByteBuffer(bytes: body),
                ObjectFacts(size: body.count, modifiedAt: time.now(), tag: tag ?? ""))
            guard let keys else { return object }
            do throws(StorageFailure) {
                return try SealedObject(object, as: "\(bucket)/\(key.text)", under: keys)
            } catch {
                throw .unreadable("\(error)")
            }
        case .answered(let status, _, _, let body):
            guard EndpointVerdict.isOfObject(status, EndpointVerdict.code(in: body)) else {
                throw .unavailable(said(answer))
            }
            guard status == 404 else { throw .unreadable(said(answer)) }
            return nil
        case .failed: throw .unavailable(said(answer))
        case .tooLarge: throw .unreadable(said(answer))
        }
    }

    private func get(_ url: WebURL, bytesMax: Int) async -> ObjectAnswer {
        guard let headers = try? signed("GET", url, Array(SHA256.hash(data: [UInt8]()))) else {
            return .failed("\(url) cannot be asked for")
        }
        return await carrier.get(
            url, headers: headers, bytesMax: bytesMax, seconds: endpoint.timeoutSeconds)
    }

    private func said(_ answer: ObjectAnswer) -> String {
        switch answer {
        case .failed(let reason): "\(endpoint.url.hostField): \(reason)"
        case .tooLarge(let bytesMax):
            "\(endpoint.url.hostField): the answer has more than \(bytesMax) bytes"
        case .answered(let status, _, _, let body):
            "\(endpoint.url.hostField): answered \(status)"
                + (EndpointVerdict.code(in: body).map { " \($0)" } ?? "")
        }
    }
}
