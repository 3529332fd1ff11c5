import MailModel
import RequestSigning
import TestSupport
import Testing

@Suite struct PresignedLinkTests {
    private static let signedAt = Timestamp(milliseconds: 1_440_938_160_000)
    private static let keys = ["AKIA": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"]

    private func link(to key: String, at base: String) throws -> WebURL {
        let links = PresignedLink(base: try WebURL(parsing: base), region: "us-east-1")
        return try WebURL(
            parsing: links.url(
                of: key, in: "mail", accessKeyID: "AKIA", secret: Self.keys["AKIA"] ?? "",
                from: Self.signedAt, seconds: 60))
    }

    /// Nil where who signed it is known.
    private func refusal(
        of target: String, host: String, method: String = "GET", after seconds: Int64 = 0
    ) throws -> SigningRefusal? {
        let request = try SignedRequest(
            method: method, target: target,
            headers: [SignedRequest.Header(name: "Host", value: host)])
        let verifier = RequestVerifier(
            service: "s3", time: ManualTime(Self.signedAt.advanced(bySeconds: seconds)),
            secret: { Self.keys[$0] })
        do throws(SigningRefusal) {
            #expect(try verifier.verify(request).isLink)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: ["attachments/06h/1", "a b/ü%+&=?#/~", "x"])
    func aLinkIsItsKeys(_ key: String) throws {
        let link = try link(to: key, at: "https://s3.example.com:8443/")
        #expect(link.hostField == "s3.example.com:8443")
        #expect(link.target.contains("X-Amz-Date=20150830T123600Z"))
        #expect(link.target.contains("X-Amz-Expires=60&"))
        #expect(try refusal(of: link.target, host: link.hostField) == nil)
        let path = try #require(link.target.split(separator: "?").first)
        #expect(
            PercentEncoding.decode(path.utf8).map { String(decoding: $0, as: UTF8.self) }
                == "/mail/\(key)")
    }

    @Test func aLinkIsForWhatItSays() throws {
        let link = try link(to: "a", at: "http://127.0.0.1")
        let (target, host) = (link.target, link.hostField)
        #expect(try refusal(of: target, host: "other") == .otherSignature)
        #expect(try refusal(of: target, host: host, method: "PUT") == .otherSignature)
        #expect(
            try refusal(of: target.replacing("/mail/a", with: "/mail/b"), host: host)
                == .otherSignature)
        #expect(
            try refusal(of: target.replacing("Expires=60", with: "Expires=61"), host: host)
                == .otherSignature)
        #expect(try refusal(of: target, host: host, after: 60) == nil)
        #expect(try refusal(of: target, host: host, after: 61) == .expired)
    }
}
