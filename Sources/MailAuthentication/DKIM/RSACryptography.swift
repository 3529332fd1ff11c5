/// The port to RSA: signatures of RSASSA-PKCS1-v1_5 over a hash. RFC 8017 §8.2
package protocol RSACryptography: Sendable {
    /// Nil: the engine refuses the numbers. They are of a size that the caller has accepted.
    func publicKey(_ numbers: RSAPublicNumbers) -> (any RSAPublicKey)?

    /// A private key as PKCS#1 or PKCS#8, PEM without a password or DER. Nil: none of these, or no
    /// RSA key.
    func privateKey(_ encoded: [UInt8]) -> (any RSAPrivateKey)?
}

/// A key that may be kept and used by several tasks at once.
package protocol RSAPublicKey: Sendable {
    func isValid(_ signature: [UInt8], of digest: [UInt8], by hash: SignatureHash) -> Bool
}

/// A key that may be kept and used by several tasks at once.
package protocol RSAPrivateKey: Sendable {
    /// Bits of the modulus.
    var bits: Int { get }

    /// Its public key as SubjectPublicKeyInfo in DER; nil where the engine fails. RFC 6376 §3.6.1
    var publicKey: [UInt8]? { get }

    /// Deterministic. Throws where the engine fails, which is no fault of the digest.
    func signature(of digest: [UInt8], by hash: SignatureHash) throws(SigningFailure) -> [UInt8]
}

/// The port to whoever makes RSA keys.
package protocol RSAKeyMaking: Sendable {
    /// A new private key as DER; nil where the engine fails. It takes a good part of a second and
    /// more, on a thread that nobody else waits for.
    func makePrivateKey(bits: Int) async -> [UInt8]?
}

/// A signature could not be made.
package struct SigningFailure: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
