import Foundation
import Hummingbird
import S3API
import Synchronization
import TestSupport
import Testing

/// What boto3 never sends, and what depends on who asks, on the time and on the disk. What clients
/// see is tested with them (`Tests/BlackBox/test_s3.py`).
@Suite(.timeLimit(.minutes(1))) struct S3ResponderTests {
    private let desk: S3Desk
    private let owner = S3Desk.owner

    init() throws {
        desk = try S3Desk()
    }

    private func put(_ key: String, _ body: String) async throws {
        let answer = try await desk.answer(owner.request(.put, "/mail/\(key)", body: body))
        #expect(answer.status == 200)
    }

    @Test func anObjectGoesThereAndBack() async throws {
        try await put("a/b", "text")
        let answer = try await desk.answer(owner.request(.get, "/mail/a/b"))
        #expect(answer.status == 200 && answer.body == "text")
        #expect(answer.fields[.contentLength] == "4")
        #expect(answer.fields[.contentType] == "binary/octet-stream")
        #expect(answer.fields[.lastModified]?.hasSuffix(" GMT") ?? false)
        let tag = try #require(answer.fields[.eTag])
        // It is never taken for an MD5.
        #expect(tag.hasPrefix("\"") && tag.hasSuffix("\"") && tag.contains("-"))
        let head = try await desk.answer(owner.request(.head, "/mail/a/b"))
        #expect(head.status == 200 && head.body.isEmpty)
        #expect(head.fields[.contentLength] == "4" && head.fields[.eTag] == tag)
        #expect(desk.used.withLock { $0 } == [owner.id, owner.id, owner.id])
    }

    @Test(arguments: [(0, 200), (S3Desk.objectBytesMax, 200), (S3Desk.objectBytesMax + 1, 400)])
    func anObjectHasItsLimit(_ size: Int, _ status: Int) async throws {
        let body = String(repeating: "x", count: size)
        let answer = try await desk.answer(owner.request(.put, "/mail/a", body: body))
        #expect(answer.status == status)
        #expect(answer.code == (status == 200 ? nil : "EntityTooLarge"))
        #expect(try desk.files() == (status == 200 ? ["a"] : []))
    }

    // MARK: Bodies

    @Test(arguments: [
        ("3", "IncompleteBody"), ("5", "IncompleteBody"), ("", "MissingContentLength"),
        ("-1", "MissingContentLength"), ("x", "MissingContentLength"),
    ])
    func aBodyIsAsLongAsWasSaid(_ length: String, _ code: String) async throws {
        let fields = headFields(
            of: owner.request(.put, "/mail/a", body: "text"), with: ["content-length": length])
        let request = RequestSigner.request(.put, "/mail/a", fields: fields, body: "text")
        #expect(try await desk.answer(request).code == code)
        #expect(try desk.files() == [])
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(desk.folder)/new") == [])
    }

    @Test func aBodyIsWhatWasSigned() async throws {
        let fields = headFields(of: owner.request(.put, "/mail/a", body: "text"), with: [:])
        let request = RequestSigner.request(.put, "/mail/a", fields: fields, body: "texs")
        #expect(try await desk.answer(request).code == "XAmzContentSHA256Mismatch")
        #expect(try desk.files() == [])
    }

    /// A body that nothing vouches for is taken from this machine alone, where nobody is on the way.
    @Test func anUnsignedBodyIsTakenFromHereAlone() async throws {
        let request = owner.request(.put, "/mail/a", body: "text", digest: "UNSIGNED-PAYLOAD")
        #expect(try await desk.answer(request).code == "AccessDenied")
        #expect(try desk.files() == [])
        let again = owner.request(.put, "/mail/a", body: "text", digest: "UNSIGNED-PAYLOAD")
        #expect(try await desk.answer(again, isLocal: true).status == 200)
        // Where there is no body, there is nothing to vouch for.
        let get = owner.request(.get, "/mail/a", digest: "UNSIGNED-PAYLOAD")
        #expect(try await desk.answer(get).body == "text")
    }

    @Test func unsignedChunksAreJoined() async throws {
        func request() -> Request {
            owner.request(
                .put, "/mail/a",
                fields: ["x-amz-decoded-content-length": "5", "content-encoding": "aws-chunked"],
                body: "3\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32:hYeSGA==\r\n\r\n",
                digest: "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
        }
        #expect(try await desk.answer(request()).code == "AccessDenied")
        #expect(try await desk.answer(request(), isLocal: true).status == 200)
        #expect(try await desk.answer(owner.request(.get, "/mail/a")).body == "abcde")
        let cut = owner.request(
            .put, "/mail/b", fields: ["x-amz-decoded-content-length": "3"], body: "3\r\nabc\r\n",
            digest: "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
        #expect(try await desk.answer(cut, isLocal: true).code == "IncompleteBody")
        #expect(try desk.files() == ["a"])
    }

    @Test func aFullDiskIsSaid() async throws {
        desk.isFull.withLock { $0 = true }
        let answer = try await desk.answer(owner.request(.put, "/mail/a", body: "text"))
        #expect(answer.status == 503 && answer.code == "ServiceUnavailable")
        #expect(try desk.files() == [])
    }

    // MARK: Who and when

    @Test(arguments: [(900, 200), (901, 403), (-900, 200), (-901, 403)])
    func aRequestIsOfTheMoment(_ seconds: Int64, _ status: Int) async throws {
        desk.time.advance(seconds: seconds)
        let answer = try await desk.answer(owner.request(.get, "/"))
        #expect(answer.status == status)
        #expect(answer.code == (status == 200 ? nil : "RequestTimeTooSkewed"))
    }

    @Test func whoMayDoWhat() async throws {
        try await put("a", "text")
        let reads: [(HTTPRequest.Method, String)] = [
            (.get, "/mail/a"), (.get, "/mail"), (.head, "/mail/a"), (.head, "/mail"),
        ]
        for (method, path) in reads {
            #expect(try await desk.answer(S3Desk.reader.request(method, path)).status == 200)
            #expect(try await desk.answer(S3Desk.nobody.request(method, path)).status == 403)
        }
        for signer in [S3Desk.reader, S3Desk.nobody] {
            #expect(
                try await desk.answer(signer.request(.put, "/mail/a", body: "x")).code
                    == "AccessDenied")
            #expect(
                try await desk.answer(signer.request(.delete, "/mail/a")).code == "AccessDenied")
        }
        // By its name each that is called so; a name that is an id gives nothing.
        for signer in S3Desk.named {
            #expect(try await desk.answer(signer.request(.get, "/mail/a")).body == "text")
            #expect(
                try await desk.answer(signer.request(.delete, "/mail/a")).code == "AccessDenied")
            #expect(try await desk.answer(signer.request(.get, "/")).element("Name") == "mail")
        }
        #expect(
            try await desk.answer(S3Desk.pretender.request(.get, "/mail/a")).code
                == "AccessDenied")
        // Who may write here, may still not read there.
        let copy = S3Desk.reader.request(
            .put, "/other/b", fields: ["x-amz-copy-source": "/mail/a"])
        #expect(try await desk.answer(copy).code == "AccessDenied")
        #expect(try await desk.answer(owner.request(.get, "/mail/a")).body == "text")
        var wrong = owner
        wrong.secret = "other"
        #expect(
            try await desk.answer(wrong.request(.get, "/mail/a")).code == "SignatureDoesNotMatch")
    }

    /// RFC 1864. The body's SHA-256 is right each time.
    @Test(
        arguments: [
            ("HLJR7A1WjeapKbUgxK7Y0Q==", nil), ("HLJR7A1WjeapKbUgxK7Y0A==", "BadDigest"),
            ("HLJR7A1WjeapKbUgxK7Y", "InvalidDigest"), ("", "InvalidDigest"),
            ("1cb251ec0d568de6a929b520c4aed8d1", "InvalidDigest"),
        ] as [(String, String?)])
    func anMD5IsThatOfTheObject(_ declared: String, _ code: String?) async throws {
        let answer = try await desk.answer(
            owner.request(
                .put, "/mail/a", fields: ["content-md5": declared], body: "text"))
        #expect(answer.code == code)
        #expect(answer.status == (code == nil ? 200 : 400))
        #expect(try desk.files() == (code == nil ? ["a"] : []))
    }

    @Test func anUploadInPartsIsRefusedWithWhatToDo() async throws {
        for request in [
            owner.request(.post, "/mail/a", query: "uploads="),
            owner.request(.put, "/mail/a", query: "partNumber=1&uploadId=x", body: "text"),
        ] {
            let answer = try await desk.answer(request)
            #expect(answer.status == 501)
            #expect(answer.code == "NotImplemented")
            #expect(answer.element("Message")?.contains("multipart_threshold") == true)
        }
    }

    // MARK: Errors

    @Test func anErrorIsADocument() async throws {
        let answer = try await desk.answer(owner.request(.get, "/mail/%26%3Cx%3E"))
        #expect(answer.status == 404)
        #expect(answer.fields[.contentType] == "application/xml")
        let id = try #require(answer.element("RequestId"))
        #expect(
            answer.body
                == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code>"
                + "<Message>The specified key does not exist.</Message>"
                + "<Resource>/mail/%26%3Cx%3E</Resource><RequestId>\(id)</RequestId></Error>")
        #expect(desk.log.lines.contains { $0.metadata["code"] == "NoSuchKey" })
        #expect(try await desk.answer(owner.request(.head, "/mail/x")).body.isEmpty)
    }

    @Test(arguments: [
        ("/mail/..%2Fother", "NoSuchKey"), ("/mail/a%00", "NoSuchKey"), ("/mail/%FF", "InvalidURI"),
        ("//mail", "InvalidURI"), ("/none/a", "NoSuchBucket"),
    ])
    func whatCannotBeNamed(_ path: String, _ code: String) async throws {
        #expect(try await desk.answer(owner.request(.get, path)).code == code)
    }

    @Test(
        arguments: [
            ("acl=", "NotImplemented"), ("versionId=1", "NotImplemented"),
            ("partNumber=1", "NotImplemented"), ("response-expires=%0A", "InvalidArgument"),
            ("acl=&acl=", "InvalidArgument"), ("x-id=GetObject", nil),
        ] as [(String, String?)])
    func aParameterThatIsNotKnownIsRefused(_ query: String, _ code: String?) async throws {
        try await put("a", "text")
        #expect(try await desk.answer(owner.request(.get, "/mail/a", query: query)).code == code)
    }

    @Test(arguments: [
        ("max-keys=-1", 400), ("max-keys=x", 400), ("max-keys=0", 200), ("max-keys=5000", 200),
        ("list-type=1", 400), ("list-type=2", 200), ("delimiter=-", 501), ("delimiter=%2F", 200),
        ("encoding-type=x", 400), ("encoding-type=url", 200),
        ("continuation-token=%21&list-type=2", 400), ("uploads=", 501),
    ])
    func aListingIsAskedForInItsWords(_ query: String, _ status: Int) async throws {
        let answer = try await desk.answer(owner.request(.get, "/mail", query: query))
        #expect(answer.status == status)
        if query == "max-keys=5000" { #expect(answer.element("MaxKeys") == "1000") }
    }

    @Test func namesAreEscaped() async throws {
        try await put("%26%3C%3E%22%27", "x")
        let plain = try await desk.answer(owner.request(.get, "/mail"))
        #expect(plain.element("Key") == "&amp;&lt;&gt;&quot;'")
        let encoded = try await desk.answer(
            owner.request(.get, "/mail", query: "encoding-type=url"))
        #expect(encoded.element("Key") == "%26%3C%3E%22%27")
    }

    private func headFields(
        of request: Request, with changes: [String: String]
    ) -> [String: String] {
        var fields = ["host": request.head.authority ?? ""]
        for field in request.headers { fields[field.name.canonicalName] = field.value }
        fields.merge(changes) { $1 }
        return fields.filter { !$0.value.isEmpty }
    }
}
