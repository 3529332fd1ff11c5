import MailModel
import RequestSigning
import TestSupport
import Testing

/// The requests that AWS has published with their signatures.
/// S3 API Reference: “Examples: Signature calculations in AWS Signature Version 4”, “Authenticating
/// requests: using query parameters”, “… transferring payload in multiple chunks”
struct PublishedRequest: CustomTestStringConvertible, Sendable {
    static let accessKeyID = "AKIAIOSFODNN7EXAMPLE"
    static let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    static let emptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    /// 2013-05-24, 00:00:00 UTC
    static let time = Timestamp(milliseconds: 1_369_353_600_000)

    var testDescription: String
    var method = "GET"
    var target: String
    var headers: [(String, String)]

    static func header(signed: String, _ signature: String) -> (String, String) {
        (
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=\(accessKeyID)/20130524/us-east-1/s3/aws4_request,"
                + "SignedHeaders=\(signed),Signature=\(signature)"
        )
    }

    private static func headers(
        _ signed: String, _ signature: String, digest: String = emptyDigest,
        host: String = "examplebucket.s3.amazonaws.com", _ others: [(String, String)] = []
    ) -> [(String, String)] {
        [
            ("Host", host), header(signed: signed, signature), ("x-amz-content-sha256", digest),
            ("x-amz-date", "20130524T000000Z"),
        ] + others
    }

    static let plain = [
        PublishedRequest(
            testDescription: "a part of an object", target: "/test.txt",
            headers: headers(
                "host;range;x-amz-content-sha256;x-amz-date",
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
                [("Range", "bytes=0-9")])),
        PublishedRequest(
            testDescription: "an object that is put", method: "PUT", target: "/test$file.text",
            headers: headers(
                "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
                digest: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
                [
                    ("Date", "Fri, 24 May 2013 00:00:00 GMT"),
                    ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                ])),
        PublishedRequest(
            testDescription: "a parameter without a value", target: "/?lifecycle",
            headers: headers(
                "host;x-amz-content-sha256;x-amz-date",
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")),
        PublishedRequest(
            testDescription: "a listing", target: "/?max-keys=2&prefix=J",
            headers: headers(
                "host;x-amz-content-sha256;x-amz-date",
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")),
    ]

    static let link = PublishedRequest(
        testDescription: "a link",
        target: "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
        headers: [("Host", "examplebucket.s3.amazonaws.com")])

    static let chunked = PublishedRequest(
        testDescription: "an object in chunks", method: "PUT",
        target: "/examplebucket/chunkObject.txt",
        headers: headers(
            "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
                + "x-amz-decoded-content-length;x-amz-storage-class",
            "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
            digest: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", host: "s3.amazonaws.com",
            [
                ("Content-Encoding", "aws-chunked"), ("x-amz-decoded-content-length", "66560"),
                ("Content-Length", "66824"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ]))

    static let chunkedWithTrailer = PublishedRequest(
        testDescription: "an object in chunks with a trailer", method: "PUT",
        target: "/examplebucket/chunkObject.txt",
        headers: headers(
            "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;"
                + "x-amz-storage-class;x-amz-trailer",
            "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
            digest: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", host: "s3.amazonaws.com",
            [
                ("Content-Encoding", "aws-chunked"), ("x-amz-decoded-content-length", "66560"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                ("x-amz-trailer", "x-amz-checksum-crc32c"),
            ]))

    /// The same with some fields in other words: nil takes one away.
    func with(_ changes: [String: String?]) -> PublishedRequest {
        var changed = self
        changed.headers = headers.compactMap { name, value in
            guard let change = changes[name] else { return (name, value) }
            return change.map { (name, $0) }
        }
        for (name, value) in changes where !headers.contains(where: { $0.0 == name }) {
            if let value { changed.headers.append((name, value)) }
        }
        return changed
    }

    var request: SignedRequest {
        get throws {
            try SignedRequest(
                method: method, target: target,
                headers: headers.map { SignedRequest.Header(name: $0.0, value: $0.1) })
        }
    }

    /// What a verifier says at `time`.
    func verified(at time: Timestamp = time, service: String = "s3") throws -> VerifiedRequest {
        try RequestVerifier(service: service, time: ManualTime(time)) {
            $0 == Self.accessKeyID ? Self.secret : nil
        }.verify(try request)
    }

    func refusal(at time: Timestamp = time, service: String = "s3") throws -> SigningRefusal? {
        do {
            _ = try verified(at: time, service: service)
            return nil
        } catch let refusal as SigningRefusal {
            return refusal
        }
    }
}
