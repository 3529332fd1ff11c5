import MailModel

/// What a request says of its own signature, and nothing that is checked yet.
struct SignatureClaim: Sendable {
    let accessKeyID: String
    let scope: SigningScope
    /// Sorted, in lower case, and each once.
    let signedHeaders: [String]
    let signature: [UInt8]
    /// As it is written: `20150830T123600Z`.
    let timeText: String
    let time: Timestamp
    /// How long it holds; nil for one in a header, which is good for the moment.
    let expiresSeconds: Int64?
    /// The last line of the canonical request.
    let payloadText: String
    let payload: DeclaredPayload

    /// Of a link. S3: `X-Amz-Expires`
    static let expiresSecondsMax: Int64 = 604_800
    private static let signatureBytes = 32
    static let digestName = "x-amz-content-sha256"
    static let dateName = "x-amz-date"
    private static let unsigned = "UNSIGNED-PAYLOAD"

    /// `service` is the one that the scope has to name.
    static func read(
        _ request: SignedRequest, service: String
    ) throws(SigningRefusal) -> SignatureClaim {
        let headers = request.values(of: "authorization")
        let isInQuery = request.parameters.contains {
            $0.name.elementsEqual("X-Amz-Algorithm".utf8)
                || $0.name.elementsEqual(CanonicalRequest.signatureParameter.utf8)
        }
        switch (headers.count, isInQuery) {
        case (0, false): throw .unsigned
        case (0, true): return try read(query: request, service)
        case (1, false): return try read(header: headers[0], of: request, service)
        case (_, false): throw .malformedHeader("there are several")
        case (_, true): throw .signedTwice
        }
    }

    /// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`
    private static func read(
        header: String, of request: SignedRequest, _ service: String
    ) throws(SigningRefusal) -> SignatureClaim {
        let words = header.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0] == SigningScope.algorithm else { throw .otherAlgorithm }
        var parts: [String: String] = [:]
        for part in words[1].split(separator: ",") {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard sides.count == 2 else { throw .malformedHeader("a part has no value") }
            let name = sides[0].filter { $0 != " " }
            let value = sides[1].filter { $0 != " " }
            guard parts.updateValue(value, forKey: name) == nil else {
                throw .malformedHeader("\(name) is there twice")
            }
        }
        func part(_ name: String) throws(SigningRefusal) -> String {
            guard let part = parts[name] else { throw .malformedHeader("\(name) is missing") }
            return part
        }
        guard let payloadText = request.value(of: digestName) else { throw .contentDigest }
        let written = Written(
            credential: try part("Credential"), signedHeaders: try part("SignedHeaders"),
            signature: try part("Signature"), time: request.value(of: dateName) ?? "",
            expiresSeconds: nil, payload: payloadText)
        return try SignatureClaim(written, service) { .malformedHeader($0) }
    }

    private static func read(
        query request: SignedRequest, _ service: String
    ) throws(SigningRefusal) -> SignatureClaim {
        func part(_ name: String) throws(SigningRefusal) -> String {
            let count = request.parameters.count { $0.name.elementsEqual("X-Amz-\(name)".utf8) }
            guard count == 1, let part = request.parameter("X-Amz-\(name)") else {
                throw .malformedQuery("X-Amz-\(name) is missing, or there twice")
            }
            return part
        }
        guard try part("Algorithm") == SigningScope.algorithm else { throw .otherAlgorithm }
        guard let expires = Int64(try part("Expires")),
            (1...expiresSecondsMax).contains(expires)
        else {
            throw .malformedQuery("X-Amz-Expires is a number from 1 to \(expiresSecondsMax)")
        }
        let payloadText =
            request.value(of: digestName) ?? request.parameter("X-Amz-Content-Sha256") ?? unsigned
        let written = Written(
            credential: try part("Credential"), signedHeaders: try part("SignedHeaders"),
            signature: try part("Signature"), time: try part("Date"), expiresSeconds: expires,
            payload: payloadText)
        return try SignatureClaim(written, service) { .malformedQuery($0) }
    }

    /// The parts, wherever they stood.
    private struct Written {
        let credential: String
        let signedHeaders: String
        let signature: String
        let time: String
        let expiresSeconds: Int64?
        let payload: String
    }

    private init(
        _ written: Written, _ service: String, malformed: (String) -> SigningRefusal
    ) throws(SigningRefusal) {
        guard let (id, scope) = SigningScope.read(credential: written.credential) else {
            throw malformed("the credential is ID/DATE/REGION/SERVICE/aws4_request")
        }
        guard scope.service == service else {
            throw malformed("the credential is for the service “\(scope.service)”, not \(service)")
        }
        guard let time = Timestamp(iso8601Basic: written.time) else {
            throw malformed("X-Amz-Date has the form YYYYMMDDTHHMMSSZ")
        }
        guard written.time.hasPrefix("\(scope.date)T") else {
            throw malformed("the credential is of another day than X-Amz-Date")
        }
        let signedHeaders = written.signedHeaders.split(
            separator: ";", omittingEmptySubsequences: false
        ).map(String.init)
        guard signedHeaders.contains("host"),
            zip(signedHeaders, signedHeaders.dropFirst())
                .allSatisfy(<), signedHeaders.allSatisfy({ $0 == $0.lowercased() && !$0.isEmpty })
        else {
            throw malformed("the signed headers are sorted names in lower case, host among them")
        }
        guard let signature = Hexadecimal.bytes(written.signature),
            signature.count == Self.signatureBytes
        else { throw malformed("the signature has 64 hexadecimal digits") }
        guard let payload = DeclaredPayload(written.payload) else { throw .contentDigest }
        accessKeyID = id
        self.scope = scope
        self.signedHeaders = signedHeaders
        self.signature = signature
        timeText = written.time
        self.time = time
        expiresSeconds = written.expiresSeconds
        payloadText = written.payload
        self.payload = payload
    }
}
