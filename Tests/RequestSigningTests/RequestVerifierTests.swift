import MailModel
import RequestSigning
import Testing

@Suite struct RequestVerifierTests {
    private typealias Published = PublishedRequest

    @Test(
        arguments: PublishedRequest.plain + [
            PublishedRequest.link, PublishedRequest.chunked, PublishedRequest.chunkedWithTrailer,
        ])
    func publishedSignaturesAreRight(_ published: PublishedRequest) throws {
        let verified = try published.verified()
        #expect(verified.accessKeyID == PublishedRequest.accessKeyID)
        #expect(verified.isLink == published.target.contains("X-Amz-Signature"))
    }

    @Test func whatIsSaidOfTheBody() throws {
        #expect(try Published.link.verified().payload == .unsigned)
        #expect(
            try Published.plain[0].verified().payload
                == .digest(Hexadecimal.bytes(Published.emptyDigest) ?? []))
        #expect(
            try Published.chunked.verified().payload
                == .chunks(areSigned: true, haveTrailer: false))
        #expect(
            try Published.chunkedWithTrailer.verified().payload
                == .chunks(areSigned: true, haveTrailer: true))
    }

    /// Written in another way, it is the same request.
    @Test(arguments: [
        "/%74est.txt", "/test%2etxt",
    ])
    func howItIsWrittenDoesNotMatter(_ target: String) throws {
        var request = Published.plain[0]
        request.target = target
        request.headers = request.headers.reversed().map { name, value in
            (name.uppercased(), name == "Range" ? " \(value)  " : value)
        }
        #expect(try request.refusal() == nil)
        var listing = Published.plain[3]
        listing.target = "/?prefix=%4A&max-keys=2"
        #expect(try listing.refusal() == nil)
    }

    @Test func whateverIsChangedIsFound() throws {
        let request = Published.plain[0]
        var others = [
            request.with(["Range": "bytes=0-8"]), request.with(["Host": "other"]),
            request.with(["Range": nil]),
            request.with(["x-amz-content-sha256": String(repeating: "0", count: 64)]),
        ]
        others.append(request)
        others[4].method = "HEAD"
        others.append(request)
        others[5].target = "/test.txt?x"
        others.append(request)
        others[6].target = "/Test.txt"
        for other in others { #expect(try other.refusal() == .otherSignature) }
        for index in 0..<64 {
            var signature = Array(
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
            signature[index] = signature[index] == "0" ? "1" : "0"
            let header = Published.header(
                signed: "host;range;x-amz-content-sha256;x-amz-date", String(signature))
            #expect(try request.with([header.0: header.1]).refusal() == .otherSignature)
        }
    }

    @Test func aFieldThatMeansSomethingIsSigned() throws {
        #expect(
            try Published.plain[0].with(["x-amz-copy-source": "b/k"]).refusal()
                == .unsignedHeader("x-amz-copy-source"))
        #expect(
            try Published.link.with(["X-Amz-Meta-A": "b"]).refusal()
                == .unsignedHeader("x-amz-meta-a"))
        #expect(try Published.plain[0].with(["User-Agent": "x"]).refusal() == nil)
    }

    // MARK: Time

    @Test(arguments: [
        (-901, false), (-900, true), (0, true), (900, true), (901, false),
    ])
    func aSignatureIsOfTheMoment(_ seconds: Int, _ isTaken: Bool) throws {
        let now = Published.time.advanced(bySeconds: Int64(seconds))
        #expect(try Published.plain[0].refusal(at: now) == (isTaken ? nil : .skewed(now)))
    }

    @Test(arguments: [
        (-901, SigningRefusal.notYetValid), (-900, nil), (86_400, nil), (86_401, .expired),
    ])
    func aLinkHasItsTime(_ seconds: Int, _ refusal: SigningRefusal?) throws {
        let now = Published.time.advanced(bySeconds: Int64(seconds))
        #expect(try Published.link.refusal(at: now) == refusal)
    }

    @Test(arguments: ["0", "-1", "604801", "", "x", "1e3", "99999999999999999999"])
    func aLinkLastsAWeekAtMost(_ expires: String) throws {
        var link = Published.link
        link.target.replace("Expires=86400", with: "Expires=\(expires)")
        #expect(
            try link.refusal()
                == .malformedQuery("X-Amz-Expires is a number from 1 to 604800"))
        // What may be said is only not what was signed.
        link.target.replace("Expires=\(expires)&", with: "Expires=604800&")
        #expect(try link.refusal() == .otherSignature)
    }

    // MARK: Forms

    @Test func whoSignsNothingOrTwice() throws {
        let request = Published.plain[0]
        #expect(try request.with(["Authorization": nil]).refusal() == .unsigned)
        #expect(
            try request.with(["Authorization": "AWS AKIAIOSFODNN7EXAMPLE:x="]).refusal()
                == .otherAlgorithm)
        #expect(try request.with(["Authorization": "Basic eDp5"]).refusal() == .otherAlgorithm)
        var twice = Published.link
        twice.headers += request.headers.filter { $0.0 == "Authorization" }
        #expect(try twice.refusal() == .signedTwice)
        var double = request
        double.headers += request.headers.filter { $0.0 == "Authorization" }
        #expect(try double.refusal() == .malformedHeader("there are several"))
    }

    @Test(arguments: [
        "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request",
        "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3,SignedHeaders=host,Signature=00",
        "Credential=a/20130524/us-east-1/ses/aws4_request,SignedHeaders=host,Signature=00",
        "Credential=a/20130523/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=00",
        "Credential=a/20130524/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=00",
        "Credential=a/20130524/us-east-1/s3/aws4_request,SignedHeaders=range;host,Signature=00",
        "Credential=a/20130524/us-east-1/s3/aws4_request,SignedHeaders=Host,Signature=00",
        "Credential=a/20130524/us-east-1/s3/aws4_request,SignedHeaders=,Signature=00",
        "Credential=a,Credential=b", "Credential", "=", ",", " ",
    ])
    func whatIsNoSignature(_ text: String) throws {
        let refusal = try Published.plain[0].with(["Authorization": "AWS4-HMAC-SHA256 \(text)"])
            .refusal()
        guard case .malformedHeader = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
    }

    @Test(arguments: [nil, "", "x", "UNSIGNED", "00", String(repeating: "g", count: 64)])
    func aBodyIsSpokenOf(_ digest: String?) throws {
        #expect(
            try Published.plain[0].with(["x-amz-content-sha256": digest]).refusal()
                == .contentDigest)
    }

    @Test func anotherKeyOrService() throws {
        let header = Published.header(signed: "host", String(repeating: "0", count: 64))
        let other = header.1.replacing("AKIAIOSFODNN7EXAMPLE", with: "AKIAOTHER")
        #expect(
            try Published.plain[0].with(["Authorization": other]).refusal()
                == .unknownKey("AKIAOTHER"))
        #expect(
            try Published.plain[0].refusal(service: "ses")
                == .malformedHeader("the credential is for the service “s3”, not ses"))
    }

    @Test(arguments: ["", "x", "/%", "/%4", "/%zz", "/?a=%", "/?%f"])
    func whatIsNoTarget(_ target: String) {
        #expect(throws: SignedRequest.Malformation.target) {
            try SignedRequest(method: "GET", target: target, headers: [])
        }
    }
}
