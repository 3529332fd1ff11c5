import Crypto
package import MailModel

/// Signs requests with an access key: AWS's Signature Version 4, in a header.
package struct RequestSigner: Sendable {
    private let accessKeyID: String
    private let secret: String
    private let region: String
    private let service: String

    /// `region` and `service` as scopes name them: `eu-central-1`, `s3`.
    package init(accessKeyID: String, secret: String, region: String, service: String) {
        self.accessKeyID = accessKeyID
        self.secret = secret
        self.region = region
        self.service = service
    }

    /// The fields of a request that is signed at `time`: `headers`, among which there is `host`, and
    /// those that the signature adds. All of them but the signature are signed. `payload` is the
    /// body's SHA-256, in hexadecimal. Throws where `target` is none.
    package func sign(
        _ method: String, target: String, headers: [SignedRequest.Header], payload: String,
        at time: Timestamp
    ) throws(SignedRequest.Malformation) -> [SignedRequest.Header] {
        let timeText = time.iso8601BasicText
        let scope = SigningScope(
            date: String(timeText.prefix(8)), region: region, service: service)
        let signed =
            headers + [
                SignedRequest.Header(name: SignatureClaim.digestName, value: payload),
                SignedRequest.Header(name: SignatureClaim.dateName, value: timeText),
            ]
        let request = try SignedRequest(method: method, target: target, headers: signed)
        let names = Set(signed.map(\.name)).sorted()
        guard
            let canonical = CanonicalRequest(request, signedHeaders: names, payload: payload)
        else { preconditionFailure("each of the names is a field's") }
        let toSign = scope.stringToSign(SigningScope.algorithm, timeText, canonical.digest)
        let signature = HMAC<SHA256>.authenticationCode(
            for: Array(toSign.utf8), using: scope.key(secret: secret))
        let claim =
            "\(SigningScope.algorithm) Credential=\(accessKeyID)/\(scope.text), "
            + "SignedHeaders=\(names.joined(separator: ";")), Signature=\(Hexadecimal.text(signature))"
        return signed + [SignedRequest.Header(name: "authorization", value: claim)]
    }
}
