import Foundation
import Hummingbird
import MailModel
import NIOCore
import ObjectStorage
import RequestSigning
import S3API
import Storage
import Synchronization
import TestSupport
import Testing

/// A responder over two buckets in a folder of a test's own.
final class S3Desk: Sendable {
    static let objectBytesMax = 1_000
    static let owner = RequestSigner()
    static let reader = RequestSigner(id: "AKIAREADER")
    static let nobody = RequestSigner(id: "AKIANOBODY")
    /// Of both, one name.
    static let named = ["AKIAFIRST", "AKIASECOND"].map { RequestSigner(id: $0) }
    /// Is called as a reader's id is.
    static let pretender = RequestSigner(id: "AKIAPRETENDER")
    static let readerID = "AKIAQ3EGU5XWB7LJ2K4M"

    struct Answer {
        let status: Int
        let fields: HTTPFields
        let body: String

        /// Of an error's document.
        var code: String? { element("Code") }

        func element(_ name: String) -> String? {
            guard let start = body.firstRange(of: "<\(name)>"),
                let end = body[start.upperBound...].firstRange(of: "</\(name)>")
            else { return nil }
            return String(body[start.upperBound..<end.lowerBound])
        }
    }

    let folder: String
    let time: ManualTime
    let log = CollectedLog()
    let used = Mutex<[String]>([])
    let isFull = Mutex(false)
    private let objects: DirectoryObjectStore

    init() throws {
        folder = try ProjectFiles.temporaryFolder()
        let now = try #require(Timestamp(iso8601Basic: "20130524T000000Z"))
        time = ManualTime(now)
        objects = try DirectoryObjectStore(
            buckets: ["mail": "\(folder)/mail", "other": "\(folder)/other"],
            temporaryFolder: "\(folder)/new", onSyncFailure: { Issue.record("\($0)") })
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private var responder: S3Responder {
        S3Responder(
            buckets: [
                "mail": S3Bucket(
                    readers: [Self.reader.id, Self.readerID, "the shop"], writers: [Self.owner.id]),
                "other": S3Bucket(readers: [], writers: [Self.owner.id]),
            ], objects: objects, limits: S3Limits(objectBytesMax: Self.objectBytesMax),
            verifier: RequestVerifier(service: "s3", time: time) {
                let ids = [Self.owner, Self.reader, Self.nobody, Self.pretender] + Self.named
                return ids.map(\.id).contains($0) ? "secret" : nil
            }, owner: "000000000000", random: CountingRandom(),
            hasRoom: { _ in self.isFull.withLock { !$0 } },
            name: { id in
                if id == Self.pretender.id { return Self.readerID }
                return Self.named.map(\.id).contains(id) ? "the shop" : "somebody"
            },
            onUse: { id in self.used.withLock { $0.append(id) } }, log: log.logger)
    }

    func answer(_ request: Request, isLocal: Bool = false) async throws -> Answer {
        let response = try await responder.respond(
            to: request, context: S3Context(isLocal: isLocal))
        let body = Collected()
        try await response.body.write(Collector(body: body))
        return Answer(
            status: Int(response.status.code), fields: response.headers,
            body: String(buffer: body.bytes.withLock { $0 }))
    }

    /// What lies in a bucket.
    func files(_ bucket: String = "mail") throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(folder)/\(bucket)").sorted()
    }

    private final class Collected: Sendable {
        let bytes = Mutex(ByteBuffer())
    }

    private struct Collector: ResponseBodyWriter {
        let body: Collected

        mutating func write(_ buffer: ByteBuffer) async throws {
            body.bytes.withLock { bytes in
                var buffer = buffer
                bytes.writeBuffer(&buffer)
            }
        }

        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}
