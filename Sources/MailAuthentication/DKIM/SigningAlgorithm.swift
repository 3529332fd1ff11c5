import Crypto

/// The algorithms that signatures name. RFC 6376 §3.3, RFC 8463 §3
package enum SigningAlgorithm: String, Sendable, Hashable {
    /// RFC 8301 §3.1: neither signed with nor accepted, but told.
    case rsaSHA1 = "rsa-sha1"
    case rsaSHA256 = "rsa-sha256"
    case ed25519SHA256 = "ed25519-sha256"

    package var hash: SignatureHash {
        switch self {
        case .rsaSHA1: .sha1
        case .rsaSHA256, .ed25519SHA256: .sha256
        }
    }

    /// The word of a key record's `k=`.
    var keyType: KeyType {
        switch self {
        case .rsaSHA1, .rsaSHA256: .rsa
        case .ed25519SHA256: .ed25519
        }
    }

    enum KeyType: String, Sendable, Hashable {
        case rsa
        case ed25519
    }
}

/// The hash of an algorithm: over the body, and over the header that is signed.
package enum SignatureHash: String, Sendable, Hashable {
    case sha1
    case sha256

    /// Of all bytes at once.
    package func digest(_ bytes: [UInt8]) -> [UInt8] {
        var state = HashState(self)
        bytes.withUnsafeBytes { state.update($0) }
        return state.digest
    }
}

/// A hash in the making; a copy goes on by itself.
///
/// Of the two one is there. They are no cases of an enum, since a state is updated in place only
/// while nothing else refers to it.
struct HashState: Sendable {
    private var sha1: Insecure.SHA1?
    private var sha256: SHA256?

    init(_ hash: SignatureHash) {
        switch hash {
        case .sha1: sha1 = Insecure.SHA1()
        case .sha256: sha256 = SHA256()
        }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        sha1?.update(bufferPointer: bytes)
        sha256?.update(bufferPointer: bytes)
    }

    /// Of what came so far.
    var digest: [UInt8] {
        sha256.map { Array($0.finalize()) } ?? sha1.map { Array($0.finalize()) } ?? []
    }
}
