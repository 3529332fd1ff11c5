import RequestSigning

extension S3Error {
    /// What S3 calls it.
    init(_ refusal: SigningRefusal) {
        switch refusal {
        case .unsigned: self = .accessDenied()
        case .otherAlgorithm: self = .otherAlgorithm
        case .signedTwice:
            self = .invalidArgument("Only one auth mechanism allowed: the header or the query.")
        case .malformedHeader(let reason): self = .malformedHeader(reason)
        case .malformedQuery(let reason): self = .malformedQuery(reason)
        case .contentDigest:
            self = .invalidArgument(
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING- value or a SHA-256.")
        case .skewed: self = .skewed
        case .notYetValid: self = .accessDenied("Request is not valid yet")
        case .expired: self = .accessDenied("Request has expired")
        case .unknownKey: self = .unknownKey
        case .unsignedHeader(let name):
            self = .accessDenied(
                "There were headers present in the request which were not "
                    + "signed: \(name)")
        case .otherSignature: self = .otherSignature
        }
    }
}
