import Crypto
import Foundation
import MailModel
import NIOCore
import ObjectStorage
import RequestSigning
import Storage
import Synchronization
import TestSupport
import Testing

/// Buckets on other servers, with the way there in the test's hands.
@Suite struct EndpointBucketTests {
    private static let time = Timestamp(milliseconds: 1_369_353_600_000)

    /// Keeps what it is given, and answers as it is told.
    private final class Carrier: ObjectCarrier {
        struct Seen {
            let url: WebURL
            let headers: [(name: String, value: String)]
            let length: Int
            let body: [UInt8]
            let seconds: Int64
        }

        let seen = Mutex<[Seen]>([])
        let answer: @Sendable ([UInt8]) -> ObjectAnswer

        init(_ answer: @escaping @Sendable ([UInt8]) -> ObjectAnswer) {
            self.answer = answer
        }

        func put(
            _ upload: ObjectUpload, to url: WebURL, seconds: Int64
        ) async -> ObjectAnswer {
            var body = ByteBuffer()
            var index = 0
            do throws(StorageFailure) {
                while var piece = try upload.piece(index) {
                    body.writeBuffer(&piece)
                    index += 1
                }
            } catch {
                return .failed("\(error)")
            }
            let bytes = Array(body.readableBytesView)
            seen.withLock {
                $0.append(
                    Seen(
                        url: url, headers: upload.headers, length: upload.length, body: bytes,
                        seconds: seconds))
            }
            return answer(bytes)
        }

        /// What it is asked for has no body.
        func get(
            _ url: WebURL, headers: [(name: String, value: String)], bytesMax: Int, seconds: Int64
        ) async -> ObjectAnswer {
            seen.withLock {
                $0.append(
                    Seen(url: url, headers: headers, length: bytesMax, body: [], seconds: seconds))
            }
            return answer([])
        }
    }

    private func withBuckets(
        answering answer: @escaping @Sendable ([UInt8]) -> ObjectAnswer = { _ in
            .answered(status: 200)
        },
        _ body: (Buckets, Carrier, String) async throws -> Void
    ) async throws {
        let folder = try ProjectFiles.temporaryFolder()
        let carrier = Carrier(answer)
        let buckets = Buckets(
            folders: try DirectoryObjectStore(
                buckets: ["mail": "\(folder)/mail"], temporaryFolder: "\(folder)/objects",
                onSyncFailure: { Issue.record("\($0)") }),
            endpoints: [
                "far": S3Endpoint(
                    url: try WebURL(parsing: "https://s3.example:9000"), region: "eu-west-3",
                    bucket: "example-mail", accessKeyID: "AKIAFAR", secret: "far's own",
                    timeoutSeconds: 7, putsMax: 2)
            ], carrier: carrier, time: ManualTime(Self.time))
        try await body(buckets, carrier, folder)
        try FileManager.default.removeItem(atPath: folder)
    }

    private func object(
        _ key: String, _ text: String, bucket: String = "far", prefix: String? = nil
    ) -> ObjectToPut {
        ObjectToPut(
            bucket: bucket, key: key, prefix: prefix.map { ByteBuffer(string: $0) },
            content: .bytes(ByteBuffer(string: text)))
    }

    /// Nil where it is stored.
    private func reason(_ result: Result<Void, ObjectStoreFailure>) -> String? {
        if case .failure(let failure) = result { "\(failure)" } else { nil }
    }

    /// The server can tell from the head who sends what.
    @Test func aRequestIsSignedAndSaysItsBody() async throws {
        try await withBuckets { (buckets, carrier, _) async throws in
            let results = await buckets.put([object("in/a b+c", "two", prefix: "X: y\r\n")])
            #expect(results.map(reason) == [nil])
            let seen = try #require(carrier.seen.withLock { $0.first })
            #expect(
                "\(seen.url)" == "https://s3.example:9000/example-mail/in/a%20b%2Bc")
            #expect(seen.body == Array("X: y\r\ntwo".utf8))
            #expect((seen.length, seen.seconds) == (9, 7))
            let request = try SignedRequest(
                method: "PUT", target: seen.url.target,
                headers: ([("host", "s3.example:9000")] + seen.headers).map {
                    SignedRequest.Header(name: $0.0, value: $0.1)
                })
            let verified = try RequestVerifier(service: "s3", time: ManualTime(Self.time)) { id in
                id == "AKIAFAR" ? "far's own" : nil
            }.verify(request)
            #expect(verified.payload == .digest(Array(SHA256.hash(data: seen.body))))
            #expect(
                request.value(of: "content-md5")
                    == Data(Insecure.MD5.hash(data: seen.body)).base64EncodedString())
            #expect(request.value(of: "authorization")?.contains("/eu-west-3/s3/") == true)
        }
    }

    /// From memory and from a file, at the edges of a piece.
    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 200_000])
    func allBytesAreSent(_ size: Int) async throws {
        try await withBuckets { (buckets, carrier, folder) async throws in
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            let path = "\(folder)/body"
            try Data([1, 2, 3] + bytes).write(to: URL(fileURLWithPath: path))
            let prefix = ByteBuffer(string: "front")
            for content in [
                MailContent.bytes(ByteBuffer(bytes: bytes)),
                .file(path: path, start: 3, length: size),
            ] {
                let object = ObjectToPut(
                    bucket: "far", key: "a", prefix: prefix, content: content)
                #expect(await buckets.put([object]).map(reason) == [nil])
            }
            let expected = Array("front".utf8) + bytes
            #expect(carrier.seen.withLock { $0.map(\.body) } == [expected, expected])
            #expect(carrier.seen.withLock { $0.map(\.length) } == [size + 5, size + 5])
        }
    }

    @Test func aFileThatLacksBytesIsNoObject() async throws {
        try await withBuckets { (buckets, carrier, folder) async throws in
            let path = "\(folder)/body"
            try Data("short".utf8).write(to: URL(fileURLWithPath: path))
            let result = await buckets.put([
                ObjectToPut(
                    bucket: "far", key: "a", prefix: nil,
                    content: .file(path: path, start: 0, length: 6))
            ])
            #expect(reason(result[0])?.contains("is shorter than what was accepted") == true)
            #expect(carrier.seen.withLock { $0.isEmpty })
        }
    }

    /// One that fails spoils nothing else, and results stand in order.
    @Test func foldersAreBesideIt() async throws {
        try await withBuckets(answering: { _ in .failed("nobody is there") }) {
            (buckets, _, folder) async throws in
            let results = await buckets.put([
                object("a", "one", bucket: "mail"), object("b", "two"),
                object("c", "three", bucket: "mail"), object("d", "four", bucket: "none"),
                object("../e", "five"),
            ])
            #expect(
                results.map(reason) == [
                    nil, "s3.example:9000: nobody is there", nil, "no such bucket: none",
                    "“../e” is no object key",
                ])
            #expect(try ProjectFiles.text("\(folder)/mail/c") == "three")
        }
    }

    // MARK: What an answer means

    static let md5 = Array(Insecure.MD5.hash(data: Array("abc".utf8)))
    static let tag = "900150983cd24fb0d6963f7d28e17f72"

    @Test(arguments: [
        ObjectAnswer.answered(status: 200), .answered(status: 200, entityTag: "\"\(tag)\""),
        .answered(status: 200, entityTag: tag.uppercased()),
        // No MD5: Martlet's own, and one of an upload in parts.
        .answered(status: 200, entityTag: "\"1f-2a-3b-4c\""),
        .answered(status: 200, entityTag: "\"00000000000000000000000000000000-2\""),
        .answered(status: 200, entityTag: "\"zz0150983cd24fb0d6963f7d28e17f72\""),
        .answered(
            status: 200, entityTag: "\"00000000000000000000000000000000\"",
            storedEncryption: "aws:kms"),
        .answered(
            status: 200, entityTag: "\"00000000000000000000000000000000\"",
            storedEncryption: "aws:kms:dsse"),
        .answered(status: 200, entityTag: "\"\(tag)\"", storedEncryption: "AES256"),
    ])
    func isStored(_ answer: ObjectAnswer) {
        #expect(EndpointVerdict.reason(against: answer, md5: Self.md5) == nil)
    }

    @Test(arguments: [
        (ObjectAnswer.failed("no route"), "no route"), (.answered(status: 201), "answered 201"),
        (.answered(status: 100), "answered 100"), (.answered(status: 204), "answered 204"),
        (
            .answered(status: 200, entityTag: "\"00000000000000000000000000000000\""),
            "answered 200, and has another object: its MD5 is 00000000000000000000000000000000, "
                + "expected \(tag)"
        ),
        (
            .answered(
                status: 503,
                body: Array("<?xml?><Error><Code>SlowDown</Code></Error>".utf8)),
            "answered 503 SlowDown"
        ),
        (.answered(status: 403, body: Array("<Code>".utf8)), "answered 403"),
        (.answered(status: 403, body: Array("<Code></Code>".utf8)), "answered 403"),
        (.answered(status: 403, body: Array("<Code>a\nb</Code>".utf8)), "answered 403"),
        (.answered(status: 301, body: [0xFF, 0xFE]), "answered 301"),
    ])
    func isNotStored(_ answer: ObjectAnswer, _ reason: String) {
        #expect(EndpointVerdict.reason(against: answer, md5: Self.md5) == reason)
    }

    /// At its edges: 64 characters, within the first 4,096 bytes.
    @Test func aCodeIsShort() {
        func code(_ word: String, after count: Int = 0) -> String? {
            EndpointVerdict.code(
                in: Array(
                    (String(repeating: " ", count: count) + "<Code>\(word)</Code>").utf8))
        }
        let word = String(repeating: "a", count: 64)
        #expect(code(word) == word)
        #expect(code(word + "a") == nil)
        #expect(code("a", after: 4_082) == "a")
        #expect(code("a", after: 4_083) == nil)
    }

    // MARK: Reading

    private static let listing = Array(
        """
        <ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>in/b</Key>\
        <LastModified>2026-09-10T00:26:40.000Z</LastModified><Size>3</Size></Contents>\
        </ListBucketResult>
        """.utf8)
    private static let question = ObjectQuestion(
        prefix: "in/", after: "in/a b+", isByFolder: false, limit: 100)

    /// What somebody says who cannot be read; nil where they can.
    private func reason(
        _ read: () async throws(ObjectReadFailure) -> Void
    ) async -> String? {
        do throws(ObjectReadFailure) {
            try await read()
            return nil
        } catch {
            switch error {
            case .unavailable(let detail): return "later: \(detail)"
            case .unreadable(let detail): return "never: \(detail)"
            }
        }
    }

    @Test func aListingIsAskedForByASignedRequest() async throws {
        let answer: @Sendable ([UInt8]) -> ObjectAnswer = { _ in
            .answered(status: 200, body: Self.listing)
        }
        try await withBuckets(answering: answer) { (buckets, carrier, _) async throws in
            #expect(buckets.bucketNames == ["mail", "far"])
            let listing = try await buckets.listing(Self.question, in: "far")
            #expect(listing.entries.map(\.name) == ["in/b"])
            let seen = try #require(carrier.seen.withLock { $0.first })
            #expect(
                "\(seen.url)" == "https://s3.example:9000/example-mail?list-type=2&max-keys=100"
                    + "&prefix=in%2F&start-after=in%2Fa%20b%2B")
            let request = try SignedRequest(
                method: "GET", target: seen.url.target,
                headers: ([("host", "s3.example:9000")] + seen.headers).map {
                    SignedRequest.Header(name: $0.0, value: $0.1)
                })
            _ = try RequestVerifier(service: "s3", time: ManualTime(Self.time)) { id in
                id == "AKIAFAR" ? "far's own" : nil
            }.verify(request)
            // What is asked for behind its end, would be asked for again and again.
            let behind = ObjectQuestion(
                prefix: "in/", after: "in/b", isByFolder: false, limit: 100)
            let reason = await reason { () async throws(ObjectReadFailure) in
                _ = try await buckets.listing(behind, in: "far")
            }
            #expect(reason?.contains("not in the order of keys") == true)
            let other = ObjectQuestion(prefix: "in/c", after: "", isByFolder: false, limit: 100)
            let foreign = await self.reason { () async throws(ObjectReadFailure) in
                _ = try await buckets.listing(other, in: "far")
            }
            #expect(foreign?.contains("keys that do not begin as was asked") == true)
        }
    }

    @Test(
        arguments: [
            (200, nil, "later: s3.example:9000: the listing cannot be read", nil),
            (
                403, "AccessDenied", "later: s3.example:9000: answered 403 AccessDenied",
                "never: s3.example:9000: answered 403 AccessDenied"
            ),
            (
                404, "NoSuchBucket", "later: s3.example:9000: answered 404 NoSuchBucket",
                "later: s3.example:9000: answered 404 NoSuchBucket"
            ),
            (404, "NoSuchKey", "later: s3.example:9000: answered 404 NoSuchKey", "none"),
            (
                301, nil, "later: s3.example:9000: answered 301",
                "later: s3.example:9000: answered 301"
            ),
            (
                404, nil, "later: s3.example:9000: answered 404",
                "later: s3.example:9000: answered 404"
            ),
            (
                401, nil, "later: s3.example:9000: answered 401",
                "later: s3.example:9000: answered 401"
            ),
            (
                403, "InvalidAccessKeyId",
                "later: s3.example:9000: answered 403 InvalidAccessKeyId",
                "later: s3.example:9000: answered 403 InvalidAccessKeyId"
            ),
            (
                400, "ExpiredToken", "later: s3.example:9000: answered 400 ExpiredToken",
                "later: s3.example:9000: answered 400 ExpiredToken"
            ),
            (
                403, "InvalidObjectState",
                "later: s3.example:9000: answered 403 InvalidObjectState",
                "never: s3.example:9000: answered 403 InvalidObjectState"
            ),
            (
                429, nil, "later: s3.example:9000: answered 429",
                "later: s3.example:9000: answered 429"
            ),
            (
                503, "SlowDown", "later: s3.example:9000: answered 503 SlowDown",
                "later: s3.example:9000: answered 503 SlowDown"
            ),
            (nil, nil, "later: s3.example:9000: closed", "later: s3.example:9000: closed"),
        ] as [(Int?, String?, String?, String?)])
    func whatAnAnswerMeans(
        _ status: Int?, _ code: String?, _ listed: String?, _ opened: String?
    ) async throws {
        let body = code.map { Array("<Error><Code>\($0)</Code></Error>".utf8) } ?? Array("abc".utf8)
        let answer: @Sendable ([UInt8]) -> ObjectAnswer = { _ in
            status.map { .answered(status: $0, body: body) } ?? .failed("closed")
        }
        try await withBuckets(answering: answer) { (buckets, carrier, _) async throws in
            let listing = await reason { () async throws(ObjectReadFailure) in
                _ = try await buckets.listing(Self.question, in: "far")
            }
            #expect(listing == listed)
            let key = try #require(ObjectKey("in/a"))
            var found: (any StoredObject)?
            let object = await reason { () async throws(ObjectReadFailure) in
                found = try await buckets.object(key, in: "far", size: 3)
            }
            #expect(object ?? (found == nil ? "none" : nil) == opened)
            #expect(
                try found.map { String(buffer: try $0.read(from: 1, length: 9)) } ?? "bc" == "bc")
            let seen = try #require(carrier.seen.withLock { $0.last })
            #expect("\(seen.url)" == "https://s3.example:9000/example-mail/in/a")
            #expect((seen.length, seen.seconds) == (65_536, 7))
        }
    }

    /// It was written anew since it was listed, where another try finds the same, or lacks its end.
    @Test(
        arguments: [
            (.tooLarge(bytesMax: 70_000), 70_000, "the answer has more than 70000 bytes"),
            (.answered(status: 200, body: [1, 2, 3]), 2, "answered with 3 bytes, and listed 2"),
            (.answered(status: 200, body: [1, 2, 3]), 4, "answered with 3 bytes, and listed 4"),
            (.answered(status: 200, body: [1, 2, 3]), 3, nil), (.answered(status: 200), 0, nil),
        ] as [(ObjectAnswer, Int, String?)])
    func anObjectOfAnotherSizeIsUnreadable(
        _ answer: ObjectAnswer, _ size: Int, _ reason: String?
    ) async throws {
        try await withBuckets(answering: { _ in answer }) { (buckets, _, _) async throws in
            let key = try #require(ObjectKey("in/a"))
            let found = await self.reason { () async throws(ObjectReadFailure) in
                _ = try await buckets.object(key, in: "far", size: size)
            }
            #expect(found == reason.map { "never: s3.example:9000: \($0)" })
        }
    }

    /// Whoever goes on behind its last key would ask for the same again.
    @Test func aCutListingHasKeys() async throws {
        let body = Array(
            "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>".utf8)
        try await withBuckets(answering: { _ in .answered(status: 200, body: body) }) {
            (buckets, _, _) async throws in
            let listing = await reason { () async throws(ObjectReadFailure) in
                _ = try await buckets.listing(Self.question, in: "far")
            }
            #expect(listing == "later: s3.example:9000: the listing is cut, and has no keys")
        }
    }

    @Test func aFolderIsReadTheSameWay() async throws {
        try await withBuckets { (buckets, carrier, folder) async throws in
            for key in ["in/a", "in/b"] {
                _ = await buckets.put([object(key, "text", bucket: "mail")])
            }
            var question = Self.question
            question.after = "in/a"
            let listing = try await buckets.listing(question, in: "mail")
            #expect(listing.entries.map(\.name) == ["in/b"])
            let key = try #require(ObjectKey("in/b"))
            let found = try #require(try await buckets.object(key, in: "mail", size: 9))
            #expect(String(buffer: try found.read(from: 0, length: 9)) == "text")
            let gone = try #require(ObjectKey("in/c"))
            #expect(try await buckets.object(gone, in: "mail", size: 9) == nil)
            #expect(carrier.seen.withLock { $0.isEmpty })
            let other = await reason { () async throws(ObjectReadFailure) in
                _ = try await buckets.listing(question, in: "nowhere")
            }
            #expect(other == "later: the configuration has no bucket nowhere")
            // Its folder is moved away, or was not mounted again.
            try FileManager.default.removeItem(atPath: "\(folder)/mail")
            let away = await reason { () async throws(ObjectReadFailure) in
                _ = try await buckets.object(key, in: "mail", size: 4)
            }
            #expect(away?.hasPrefix("later: not found: open ") == true)
        }
    }
}
