import Crypto
import Hummingbird
import NIOCore
import RequestSigning
import Storage

/// Objects that are put, copied and deleted. S3: `PutObject`, `CopyObject`, `DeleteObject`
struct ObjectWriting: Sendable {
    let objects: any ObjectAccess
    let limits: S3Limits
    /// Whether a body of so many bytes leaves room for mail.
    let hasRoom: @Sendable (_ bytes: Int) -> Bool

    // MARK: Put

    /// `isLocal`: nobody is between the client and us.
    func put(
        _ key: ObjectKey, _ bucket: String, _ request: Request, _ signer: VerifiedRequest,
        isLocal: Bool
    ) async throws(ObjectRefusal) -> ObjectFacts {
        let body: PutBody
        do throws(S3Error) {
            body = try PutBody(request.headers, signer, limits, isLocal: isLocal)
        } catch {
            throw .error(error)
        }
        let writer = try create(key, bucket, bytes: body.length)
        do throws(ObjectRefusal) {
            try await write(body, request.body, to: writer)
            return try finish(writer)
        } catch {
            writer.abandon()
            throw error
        }
    }

    private func write(
        _ body: PutBody, _ bytes: RequestBody, to writer: any ObjectWriter
    ) async throws(ObjectRefusal) {
        var body = body
        var iterator = bytes.makeAsyncIterator()
        while let piece = try await Self.next(&iterator) {
            let content: ByteBuffer
            do throws(S3Error) {
                content = try body.take(piece)
            } catch {
                throw .error(error)
            }
            do throws(StorageFailure) {
                try writer.write(content)
            } catch {
                throw .storage(error)
            }
        }
        do throws(S3Error) {
            try body.finish()
        } catch {
            throw .error(error)
        }
    }

    /// A connection that ends, or no HTTP any more: less came than was said.
    private static func next(
        _ iterator: inout RequestBody.AsyncIterator
    ) async throws(ObjectRefusal) -> ByteBuffer? {
        do {
            return try await iterator.next()
        } catch {
            throw .error(.incompleteBody)
        }
    }

    // MARK: Copy

    func copy(
        _ key: ObjectKey, _ bucket: String, from sourceKey: ObjectKey, _ source: String
    ) throws(ObjectRefusal) -> ObjectFacts {
        let object = try ObjectReading(objects: objects).open(sourceKey, source)
        let writer = try create(key, bucket, bytes: object.facts.size)
        do throws(ObjectRefusal) {
            do throws(StorageFailure) {
                var start = 0
                while start < object.facts.size {
                    let piece = try object.read(from: start, length: S3Limits.pieceBytes)
                    guard piece.readableBytes > 0 else { throw .damaged("an object") }
                    try writer.write(piece)
                    start += piece.readableBytes
                }
            } catch {
                throw .storage(error)
            }
            return try finish(writer)
        } catch {
            writer.abandon()
            throw error
        }
    }

    // MARK: Delete

    func remove(_ key: ObjectKey, _ bucket: String) throws(ObjectRefusal) {
        do throws(StorageFailure) {
            try objects.remove(key, in: bucket)
        } catch {
            throw .storage(error)
        }
    }

    // MARK: Files

    private func create(
        _ key: ObjectKey, _ bucket: String, bytes: Int
    ) throws(ObjectRefusal) -> any ObjectWriter {
        guard hasRoom(bytes) else { throw .storage(.full("no room for \(bytes) bytes")) }
        do throws(StorageFailure) {
            return try objects.create(key, in: bucket)
        } catch {
            throw .storage(error)
        }
    }

    private func finish(_ writer: any ObjectWriter) throws(ObjectRefusal) -> ObjectFacts {
        do throws(StorageFailure) {
            if let facts = try writer.finish() { return facts }
        } catch {
            throw .storage(error)
        }
        throw .error(
            .invalidArgument(
                "Where the key leads, a folder stands, or an object where it wants a folder."))
    }
}
