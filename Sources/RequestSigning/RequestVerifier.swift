import Crypto
package import MailModel

/// Says whose a request is: AWS's Signature Version 4, in a header or in a link's query.
///
/// Whose it is, and no more: what the signer may do is decided elsewhere, and so is whether a body is
/// what was declared of it (`DeclaredPayload`). Any region is taken, since there is one of us. A
/// session token is not looked at: who knows the secret needs none.
package struct RequestVerifier: Sendable {
    /// How far the time of a request may be from ours. S3: 15 minutes
    package static let skewSecondsMax: Int64 = 900
    /// A field of such a name changes what is asked for, and so has to be signed.
    private static let meaningfulPrefix = "x-amz-"

    private let service: String
    private let time: any TimeSource
    private let secret: @Sendable (_ accessKeyID: String) -> String?

    /// `service` as scopes name it: `s3`. `secret` answers nil for a key that is not there, or may not
    /// be used.
    package init(
        service: String, time: any TimeSource,
        secret: @escaping @Sendable (_ accessKeyID: String) -> String?
    ) {
        self.service = service
        self.time = time
        self.secret = secret
    }

    /// Who signed the request, and what was said of its body.
    package func verify(_ request: SignedRequest) throws(SigningRefusal) -> VerifiedRequest {
        let claim = try SignatureClaim.read(request, service: service)
        try checkTime(of: claim)
        guard let secret = secret(claim.accessKeyID) else { throw .unknownKey(claim.accessKeyID) }
        if let name = unsignedName(request, claim) { throw .unsignedHeader(name) }
        guard
            let canonical = CanonicalRequest(
                request, signedHeaders: claim.signedHeaders, payload: claim.payloadText)
        else { throw .otherSignature }
        let key = claim.scope.key(secret: secret)
        let toSign = claim.scope.stringToSign(
            SigningScope.algorithm, claim.timeText, canonical.digest)
        // In a time that does not depend on the bytes.
        guard
            HMAC<SHA256>.isValidAuthenticationCode(
                claim.signature, authenticating: Array(toSign.utf8), using: key)
        else { throw .otherSignature }
        return VerifiedRequest(
            accessKeyID: claim.accessKeyID, isLink: claim.expiresSeconds != nil,
            payload: claim.payload,
            seed: ChunkSeed(
                key: key, scope: claim.scope, timeText: claim.timeText,
                signature: Hexadecimal.text(claim.signature)))
    }

    private func checkTime(of claim: SignatureClaim) throws(SigningRefusal) {
        let now = time.now()
        let earliest = claim.time.advanced(bySeconds: -Self.skewSecondsMax)
        guard let expires = claim.expiresSeconds else {
            guard now >= earliest, now <= claim.time.advanced(bySeconds: Self.skewSecondsMax)
            else { throw .skewed(now) }
            return
        }
        guard now >= earliest else { throw .notYetValid }
        guard now <= claim.time.advanced(bySeconds: expires) else { throw .expired }
    }

    private func unsignedName(_ request: SignedRequest, _ claim: SignatureClaim) -> String? {
        request.headers.first { header in
            header.name.hasPrefix(Self.meaningfulPrefix)
                && !claim.signedHeaders.contains(header.name)
        }?.name
    }
}

/// A request whose signature is right.
package struct VerifiedRequest: Sendable {
    package let accessKeyID: String
    /// Whether it was signed beforehand, for whoever has the link.
    package let isLink: Bool
    package let payload: DeclaredPayload
    /// What the signatures of its chunks go on from.
    package let seed: ChunkSeed
}

/// What the first chunk's signature goes on from.
package struct ChunkSeed: Sendable {
    let key: SymmetricKey
    let scope: SigningScope
    let timeText: String
    let signature: String
}
