package import Hummingbird
package import Logging
package import MailModel
import NIOCore
package import RequestSigning
package import Storage

/// Answers as S3 does, path-style (`/bucket/key`), over the buckets of the configuration.
///
/// Every request is signed by an access key (`RequestVerifier`) that its bucket names as a reader or
/// writer. An object is its bytes: metadata, access lists, versions and the like are refused, never
/// taken and dropped. Reads and writes of files block the thread of the task.
package struct S3Responder: HTTPResponder {
    package typealias Context = S3Context

    private let buckets: [String: S3Bucket]
    private let objects: any ObjectAccess
    private let reading: ObjectReading
    private let writing: ObjectWriting
    private let verifier: RequestVerifier
    private let owner: String
    private let random: any RandomSource
    private let name: @Sendable (_ accessKeyID: String) -> String?
    private let onUse: @Sendable (_ accessKeyID: String) -> Void
    private let log: Logger

    private static let requestIDBytes = 8

    /// `owner` is the number of the account. `hasRoom` says whether a body of so many bytes leaves room
    /// for mail; `name` is what a key is called; `onUse` is told whose key has signed a request.
    package init(
        buckets: [String: S3Bucket], objects: any ObjectAccess, limits: S3Limits,
        verifier: RequestVerifier, owner: String, random: any RandomSource,
        hasRoom: @escaping @Sendable (_ bytes: Int) -> Bool,
        name: @escaping @Sendable (_ accessKeyID: String) -> String?,
        onUse: @escaping @Sendable (_ accessKeyID: String) -> Void, log: Logger
    ) {
        self.buckets = buckets
        self.objects = objects
        reading = ObjectReading(objects: objects)
        writing = ObjectWriting(objects: objects, limits: limits, hasRoom: hasRoom)
        self.verifier = verifier
        self.owner = owner
        self.random = random
        self.name = name
        self.onUse = onUse
        self.log = log
    }

    package func respond(to request: Request, context: Context) async throws -> Response {
        let id = Hexadecimal.text(random.bytes(Self.requestIDBytes))
        var response: Response
        do throws(S3Error) {
            response = try await answer(request, context)
        } catch {
            log.info(
                "a request to S3 was refused",
                metadata: [
                    "code": "\(error.code)", "method": "\(request.method.rawValue)",
                    "path": "\(request.uri.path)", "request": "\(id)",
                ])
            response = Response(
                .init(code: error.status.code),
                xml: S3Document.error(error, resource: request.uri.path, request: id))
        }
        response.headers[.requestID] = id
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(
        _ request: Request, _ context: Context
    ) async throws(S3Error) -> Response {
        let (head, signer) = try verified(request)
        let operation = try S3Operation(head)
        try allow(operation, caller(signer))
        do throws(ObjectRefusal) {
            return try await perform(operation, request, signer, context)
        } catch {
            switch error {
            case .error(let error): throw error
            case .storage(let failure):
                log.error(
                    "an object could not be read or written", metadata: ["error": "\(failure)"])
                throw failure.mayPass ? .unavailable : .internalError
            }
        }
    }

    // MARK: Who asks, and what for

    private func verified(
        _ request: Request
    ) throws(S3Error) -> (SignedRequest, VerifiedRequest) {
        var headers = request.headers.map {
            SignedRequest.Header(name: $0.name.rawName, value: $0.value)
        }
        if let host = request.head.authority {
            headers.append(SignedRequest.Header(name: "host", value: host))
        }
        let head: SignedRequest
        do throws(SignedRequest.Malformation) {
            head = try SignedRequest(
                method: request.method.rawValue, target: request.head.path ?? "", headers: headers)
        } catch {
            throw .invalidURI
        }
        do throws(SigningRefusal) {
            let signer = try verifier.verify(head)
            onUse(signer.accessKeyID)
            return (head, signer)
        } catch {
            throw S3Error(error)
        }
    }

    private func caller(_ signer: VerifiedRequest) -> S3Caller {
        S3Caller(id: signer.accessKeyID, name: name(signer.accessKeyID))
    }

    private func allow(_ operation: S3Operation, _ caller: S3Caller) throws(S3Error) {
        switch operation {
        // It shows what the key may read.
        case .listBuckets: return
        case .headBucket(let bucket), .bucketLocation(let bucket), .listObjects(let bucket, _),
            .getObject(let bucket, _, _), .headObject(let bucket, _):
            try allowReading(bucket, caller)
        case .putObject(let bucket, _), .deleteObject(let bucket, _):
            try allowWriting(bucket, caller)
        case .copyObject(let bucket, _, let source, _):
            try allowWriting(bucket, caller)
            try allowReading(source, caller)
        }
    }

    private func allowReading(_ name: String, _ caller: S3Caller) throws(S3Error) {
        guard let bucket = buckets[name] else { throw .noSuchBucket }
        guard bucket.mayRead(caller) else { throw .accessDenied() }
    }

    private func allowWriting(_ name: String, _ caller: S3Caller) throws(S3Error) {
        guard let bucket = buckets[name] else { throw .noSuchBucket }
        guard bucket.mayWrite(caller) else { throw .accessDenied() }
    }

    // MARK: Doing it

    private func perform(
        _ operation: S3Operation, _ request: Request, _ signer: VerifiedRequest, _ context: Context
    ) async throws(ObjectRefusal) -> Response {
        switch operation {
        case .listBuckets:
            let caller = caller(signer)
            let names = buckets.filter { $0.value.mayRead(caller) }.keys.sorted()
            return Response(.ok, xml: S3Document.buckets(names, owner: owner))
        case .headBucket: return Response(status: .ok)
        case .bucketLocation: return Response(.ok, xml: S3Document.location)
        case .listObjects(let bucket, let asked):
            return Response(
                .ok, xml: S3Document.listing(try reading.list(asked, bucket), of: bucket, asked))
        case .getObject(let bucket, let key, let headers):
            return try reading.get(key, bucket, request, headers)
        case .headObject(let bucket, let key): return try reading.get(key, bucket, request, [:])
        case .putObject(let bucket, let key):
            let facts = try await writing.put(
                key, bucket, request, signer, isLocal: context.isLocal)
            note("an object was put", bucket, key, signer)
            return Response(status: .ok, headers: [.eTag: facts.entityTag])
        case .copyObject(let bucket, let key, let source, let sourceKey):
            let facts = try writing.copy(key, bucket, from: sourceKey, source)
            note("an object was copied", bucket, key, signer)
            return Response(.ok, xml: S3Document.copied(facts))
        case .deleteObject(let bucket, let key):
            try writing.remove(key, bucket)
            note("an object was deleted", bucket, key, signer)
            return Response(status: .noContent)
        }
    }

    private func note(
        _ what: Logger.Message, _ bucket: String, _ key: ObjectKey, _ signer: VerifiedRequest
    ) {
        log.info(
            what,
            metadata: [
                "bucket": "\(bucket)", "object": "\(key.text)",
                "accessKey": "\(signer.accessKeyID)",
            ])
    }
}

/// What keeps an operation on objects from being done.
enum ObjectRefusal: Error {
    case error(S3Error)
    case storage(StorageFailure)
}

extension Response {
    init(_ status: HTTPResponse.Status, xml: String) {
        self.init(
            status: status, headers: [.contentType: "application/xml"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: xml)))
    }
}
