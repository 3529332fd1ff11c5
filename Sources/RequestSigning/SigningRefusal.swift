package import MailModel

/// Why a request is not taken for its signer's. Nothing in it is secret.
package enum SigningRefusal: Error, Sendable, Equatable {
    /// It is not signed.
    case unsigned
    /// It is signed in another way than Signature Version 4 with HMAC-SHA256.
    case otherAlgorithm
    /// Both in its header and in its query.
    case signedTwice
    /// What stands in its `Authorization` is no signature; why.
    case malformedHeader(String)
    /// The same of its query.
    case malformedQuery(String)
    /// `x-amz-content-sha256` is missing, or is neither a digest nor a word that is known.
    case contentDigest
    /// Its time is more than `RequestVerifier.skewSecondsMax` from ours.
    case skewed(Timestamp)
    /// A link whose time has not come, or is over.
    case notYetValid, expired
    /// No access key that may be used has this id.
    case unknownKey(String)
    /// A field that has a meaning is not among those that are signed.
    case unsignedHeader(String)
    /// It was signed with another secret, or changed on its way.
    case otherSignature
}
