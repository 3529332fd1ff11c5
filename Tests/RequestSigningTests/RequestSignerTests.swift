import MailModel
import RequestSigning
import TestSupport
import Testing

@Suite struct RequestSignerTests {
    private typealias Published = PublishedRequest

    private static let signer = RequestSigner(
        accessKeyID: Published.accessKeyID, secret: Published.secret, region: "us-east-1",
        service: "s3")

    /// What AWS has published without its signature gets that signature.
    @Test(arguments: PublishedRequest.plain)
    func signsAsPublished(_ published: PublishedRequest) throws {
        let ours = ["Authorization", "x-amz-content-sha256", "x-amz-date"]
        let headers = published.headers.filter { !ours.contains($0.0) }
            .map { SignedRequest.Header(name: $0.0, value: $0.1) }
        let digest = try #require(
            published.headers.first { $0.0 == "x-amz-content-sha256" }?.1)
        let signed = try Self.signer.sign(
            published.method, target: published.target, headers: headers, payload: digest,
            at: Published.time)
        let claim = try #require(published.headers.first { $0.0 == "Authorization" }?.1)
        #expect(
            signed.last
                == SignedRequest.Header(
                    name: "authorization",
                    value: claim.replacing(",SignedHeaders", with: ", SignedHeaders")
                        .replacing(",Signature", with: ", Signature")))
        #expect(signed.contains { $0.name == "x-amz-date" && $0.value == "20130524T000000Z" })
    }

    /// The verifier takes what the signer made, and nothing that was changed since.
    @Test func isVerified() throws {
        let host = SignedRequest.Header(name: "host", value: "s3.example")
        var headers = try Self.signer.sign(
            "PUT", target: "/mail/a%20b", headers: [host], payload: Published.emptyDigest,
            at: Published.time)
        let verifier = RequestVerifier(service: "s3", time: ManualTime(Published.time)) { id in
            id == Published.accessKeyID ? Published.secret : nil
        }
        func verify(_ target: String) throws -> VerifiedRequest {
            try verifier.verify(SignedRequest(method: "PUT", target: target, headers: headers))
        }
        #expect(try verify("/mail/a%20b").accessKeyID == Published.accessKeyID)
        #expect(throws: SigningRefusal.otherSignature) { try verify("/mail/a%20c") }
        headers[0] = SignedRequest.Header(name: "host", value: "other.example")
        #expect(throws: SigningRefusal.otherSignature) { try verify("/mail/a%20b") }
    }

    @Test func aTargetIsOne() {
        for target in ["mail/a", "/mail/%2", ""] {
            #expect(throws: SignedRequest.Malformation.target) {
                try Self.signer.sign(
                    "PUT", target: target, headers: [], payload: Published.emptyDigest,
                    at: Published.time)
            }
        }
    }
}
