import Crypto
package import MailModel

/// A link by which whoever has it gets one object for a while, without a key of their own: AWS's
/// Signature Version 4 in the query. S3: “Download and upload objects with presigned URLs”
package struct PresignedLink: Sendable {
    /// How long a link may hold.
    package static let secondsMax = SignatureClaim.expiresSecondsMax

    private let base: WebURL
    private let region: String

    /// `base` is where the bucket's server is asked, at the top of a host; `region` stands in the scope.
    package init(base: WebURL, region: String) {
        self.base = base
        self.region = region
    }

    /// The link to `key` in `bucket`, which holds for `seconds` (1 to `secondsMax`) from `time`, in whole
    /// seconds, on.
    /// `secret` is that of the access key.
    package func url(
        of key: String, in bucket: String, accessKeyID: String, secret: String,
        from time: Timestamp,
        seconds: Int64
    ) -> String {
        let timeText = time.iso8601BasicText
        let scope = SigningScope(date: String(timeText.prefix(8)), region: region, service: "s3")
        let parameters = [
            ("Algorithm", SigningScope.algorithm), ("Credential", "\(accessKeyID)/\(scope.text)"),
            ("Date", timeText), ("Expires", "\(seconds)"), ("SignedHeaders", "host"),
        ]
        let query = parameters.map { "X-Amz-\($0.0)=\(PercentEncoding.encode($0.1.utf8))" }
        let path = PercentEncoding.encode("/\(bucket)/\(key)".utf8, keepingSlashes: true)
        let target = "\(path)?\(query.joined(separator: "&"))"
        let signature = signature(
            of: target, scope: scope, timeText: timeText, key: scope.key(secret: secret))
        return "\(base.scheme.rawValue)://\(base.hostField)\(target)"
            + "&\(CanonicalRequest.signatureParameter)=\(signature)"
    }

    private func signature(
        of target: String, scope: SigningScope, timeText: String, key: SymmetricKey
    ) -> String {
        let host = SignedRequest.Header(name: "host", value: base.hostField)
        guard
            let request = try? SignedRequest(method: "GET", target: target, headers: [host]),
            let canonical = CanonicalRequest(
                request, signedHeaders: ["host"], payload: SignatureClaim.unsigned)
        else { preconditionFailure("what was encoded here is a target, and has its host") }
        let toSign = scope.stringToSign(SigningScope.algorithm, timeText, canonical.digest)
        return Hexadecimal.text(
            Array(HMAC<SHA256>.authenticationCode(for: Array(toSign.utf8), using: key)))
    }
}
