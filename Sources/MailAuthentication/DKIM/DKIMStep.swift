import MailModel

/// One thing that a verifier did, for those who ask why: facts, worded by `description`.
package enum DKIMStep: Sendable, Hashable {
    /// The field was read.
    case read(algorithm: String, canonicalization: String, signedFields: [String])
    case askedForKey(name: String, answer: KeyAnswer)
    case key(type: String, bits: Int)
    /// The body's hash over so many bytes of the canonical body.
    case bodyHash(signed: [UInt8], computed: [UInt8], bytes: Int)
    /// The signature was checked over the canonical header.
    case header(canonicalBytes: Int, isGood: Bool)
    case ended(DKIMReason)

    package enum KeyAnswer: Sendable, Hashable {
        case records(Int)
        case noRecord
        case noSuchName
        case failed(String)
    }
}

extension DKIMStep: CustomStringConvertible {
    package var description: String {
        switch self {
        case .read(let algorithm, let canonicalization, let fields):
            "read the signature: \(algorithm), \(canonicalization), "
                + "signs \(fields.joined(separator: ", "))"
        case .askedForKey(let name, let answer): "asked for TXT \(name): \(answer)"
        case .key(let type, let bits): "read the key: \(type), \(bits) bits"
        case .bodyHash(let signed, let computed, let bytes):
            "hashed \(bytes) bytes of the body: \(Base64.text(computed))"
                + (signed == computed ? ", as signed" : "; signed was \(Base64.text(signed))")
        case .header(let bytes, let isGood):
            "checked the signature over \(bytes) bytes of the header: "
                + (isGood ? "it is good" : "it does not fit")
        case .ended(let reason): "\(reason.result.rawValue): \(reason)"
        }
    }
}

extension DKIMStep.KeyAnswer: CustomStringConvertible {
    package var description: String {
        switch self {
        case .records(let count): count == 1 ? "one record" : "\(count) records"
        case .noRecord: "the name has no such record"
        case .noSuchName: "there is no such name"
        case .failed(let reason): reason
        }
    }
}
