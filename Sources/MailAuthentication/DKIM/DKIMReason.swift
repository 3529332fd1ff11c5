/// Why a signature has its result: facts, worded by `description`.
package enum DKIMReason: Sendable, Hashable {
    case notSigned
    case verified
    /// The body is not the one that was signed.
    case bodyDiffers
    /// `l=` names more bytes than the body has. RFC 6376 §3.5
    case bodyTooShort(limit: Int, length: Int)
    /// The signed header fields, or the signature field itself, are not those that were signed.
    case headerDiffers
    case unreadable(SignatureDefect)
    /// The mail may be read otherwise than it was signed.
    case malformedHeader(HeaderSectionDefect)
    /// `x=` has passed. RFC 6376 §3.5
    case expired(at: Int64)
    /// `t=` lies ahead of our clock by more than is allowed.
    case signedInFuture(at: Int64)
    /// An algorithm that verifiers must not accept any more. RFC 8301 §3.1
    case historicAlgorithm(String)
    /// No such name in the DNS, or nothing there that could be a key record.
    case noKey
    case key(KeyRecordDefect)
    /// An RSA key outside of what the policy accepts. RFC 8301 §3.2
    case keySize(bits: Int, accepted: ClosedRange<Int>)
    /// The key's `t=s` wants `i=` to be of the very domain of `d=`. RFC 6376 §3.6.1
    case identityInSubdomain
    /// The DNS has more under the key's name than a resolver takes.
    case answerTooLarge
    /// The DNS did not answer; the text says why.
    case dnsFailed(String)
    /// Signatures beyond the policy's number were not looked at.
    case notRead(count: Int)
    /// The signature is good, and so many bytes follow what `l=` covers. RFC 6376 §8.2
    case partOfBody(unsigned: Int)
    /// The signature is good, and may be over another From than the one that is shown.
    /// RFC 6376 §8.15
    case severalAuthors(fields: Int)

    /// The word of RFC 8601 §2.7.1 that the reason stands for. What RFC 6376 §3.9 calls PERMFAIL
    /// before anything is computed is `permerror`; `policy` is what another verifier may accept.
    package var result: DKIMResult {
        switch self {
        case .notSigned: .none
        case .verified: .pass
        case .bodyDiffers, .bodyTooShort, .headerDiffers: .fail
        case .unreadable, .malformedHeader, .expired, .historicAlgorithm, .noKey, .key,
            .identityInSubdomain, .answerTooLarge:
            .permerror
        case .signedInFuture, .keySize, .partOfBody, .severalAuthors: .policy
        case .dnsFailed: .temperror
        case .notRead: .neutral
        }
    }

    /// Whether it is a good signature that does not stand for the mail: as if it were not there.
    package var isGoodForNothing: Bool {
        switch self {
        case .partOfBody, .severalAuthors: true
        default: false
        }
    }
}

extension DKIMReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notSigned: "the mail is not signed"
        case .verified: "the signature is good"
        case .bodyDiffers: "the body was changed: its hash is not the signed one"
        case .bodyTooShort(let limit, let length):
            "l=\(limit) bytes are signed, and the body has \(length)"
        case .headerDiffers: "the signature does not fit the header fields and the key"
        case .unreadable(let defect): "the signature field is not valid: \(defect)"
        case .malformedHeader(let defect): "the header section is malformed: \(defect)"
        case .expired(let seconds): "the signature expired (x=\(seconds))"
        case .signedInFuture(let seconds): "the signature is of the future (t=\(seconds))"
        case .historicAlgorithm(let name): "\(name) is no longer accepted (RFC 8301 §3.1)"
        case .noKey: "there is no key record"
        case .key(let defect): "the key record cannot be used: \(defect)"
        case .keySize(let bits, let accepted):
            "the key has \(bits) bits; \(accepted.lowerBound) to \(accepted.upperBound) are "
                + "accepted"
        case .identityInSubdomain: "the key (t=s) is not for identities of subdomains"
        case .answerTooLarge: "the answer for the key is larger than we take"
        case .dnsFailed(let reason): "the key could not be looked up: \(reason)"
        case .notRead(let count): "\(count) more signatures were not looked at"
        case .partOfBody(let unsigned):
            "the signature is good, but \(unsigned) bytes of the body are not signed"
        case .severalAuthors(let fields):
            "the signature is good, but the mail has \(fields) From fields"
        }
    }
}

/// Why a signature field is none that could be verified. RFC 6376 §6.1.1
package enum SignatureDefect: Error, Sendable, Hashable, CustomStringConvertible {
    case tagList(TagListDefect)
    case missing(tag: String)
    case unusable(tag: String)
    /// `v=` is not 1.
    case version
    /// An `a=` that nobody has defined, or we do not have.
    case unknownAlgorithm(String)
    /// `q=` has no `dns/txt`.
    case unknownQuery
    /// `i=` is neither of the domain of `d=` nor of one below it.
    case identityOutsideDomain
    case fromNotSigned
    /// `x=` is not after `t=`.
    case expiresBeforeSigned

    package var description: String {
        switch self {
        case .tagList(let defect): "\(defect)"
        case .missing(let tag): "it has no \(tag)="
        case .unusable(let tag): "its \(tag)= cannot be read"
        case .version: "its version is not 1"
        case .unknownAlgorithm(let name): "its algorithm \(name) is not known"
        case .unknownQuery: "its key is not to be asked for by dns/txt"
        case .identityOutsideDomain: "its i= is not of the domain of its d="
        case .fromNotSigned: "From is not signed"
        case .expiresBeforeSigned: "it expires before it was made"
        }
    }
}

/// Why a key record is none for this signature. RFC 6376 §3.6.1, RFC 6376 §6.1.2
package enum KeyRecordDefect: Error, Sendable, Hashable, CustomStringConvertible {
    case tagList(TagListDefect)
    case version
    case missingKey
    /// An empty `p=`. RFC 6376 §3.6.1
    case revoked
    /// `p=` is no base64, or no key of its type.
    case unusableKey
    /// `k=` is of another algorithm than the signature's.
    case otherKeyType(String)
    /// `h=` does not allow the signature's hash.
    case hashNotAllowed
    /// `s=` does not name mail.
    case otherService

    package var description: String {
        switch self {
        case .tagList(let defect): "\(defect)"
        case .version: "its version is not DKIM1"
        case .missingKey: "it has no p="
        case .revoked: "the key was revoked (p= is empty)"
        case .unusableKey: "its p= is no key of its type"
        case .otherKeyType(let type): "its key is of the type \(type)"
        case .hashNotAllowed: "its h= does not allow the hash"
        case .otherService: "its s= does not name email"
        }
    }
}
