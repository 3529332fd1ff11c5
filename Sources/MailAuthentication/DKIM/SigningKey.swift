import Crypto
import MailModel

/// A private key to sign mail with. RFC 6376 §3.3, RFC 8463 §3
package struct SigningKey: Sendable {
    /// RFC 8301 §3.2: signers use no smaller RSA key, and should use 2048 bits at least.
    package static let rsaKeyBitsMin = 1024

    private enum Function: Sendable {
        case rsa(any RSAPrivateKey)
        case ed25519(Curve25519.Signing.PrivateKey)
    }

    private let function: Function

    /// A key as PEM or DER without a password: RSA as PKCS#1 or PKCS#8, Ed25519 as PKCS#8. Nil:
    /// none of these, or an RSA key of fewer bits than `rsaKeyBitsMin`.
    package init?(_ encoded: [UInt8], rsa: any RSACryptography) {
        if let seed = Ed25519PrivateKeyText.seed(encoded) {
            self.init(ed25519Seed: seed)
        } else if let key = rsa.privateKey(encoded), key.bits >= Self.rsaKeyBitsMin {
            self.init(.rsa(key))
        } else {
            return nil
        }
    }

    /// The 32 bytes that an Ed25519 key is made of. RFC 8032 §5.1.5
    package init?(ed25519Seed seed: [UInt8]) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else {
            return nil
        }
        self.init(.ed25519(key))
    }

    private init(_ function: Function) {
        self.function = function
    }

    package var algorithm: SigningAlgorithm {
        switch function {
        case .rsa: .rsaSHA256
        case .ed25519: .ed25519SHA256
        }
    }

    /// Bits of an RSA key's modulus; 256 for Ed25519.
    package var bits: Int {
        switch function {
        case .rsa(let key): key.bits
        case .ed25519: 256
        }
    }

    /// What `p=` of its key record holds; nil where the engine fails. RFC 6376 §3.6.1, RFC 8463 §4
    package var publicKey: [UInt8]? {
        switch function {
        case .rsa(let key): key.publicKey
        case .ed25519(let key): Array(key.publicKey.rawRepresentation)
        }
    }

    /// The same for the same bytes.
    func signature(of bytes: [UInt8]) throws(SigningFailure) -> [UInt8] {
        let digest = algorithm.hash.digest(bytes)
        switch function {
        case .rsa(let key): return try key.signature(of: digest, by: algorithm.hash)
        case .ed25519(let key):
            guard let signature = try? key.signature(for: digest) else {
                throw SigningFailure("Ed25519 did not sign")
            }
            return Array(signature)
        }
    }
}

/// The seed in a PKCS#8 text of an Ed25519 key.
///
///     PrivateKeyInfo ::= SEQUENCE { INTEGER 0, SEQUENCE { OID Ed25519 }, OCTET STRING, … }
///     CurvePrivateKey ::= OCTET STRING                                       ; RFC 8410 §7
enum Ed25519PrivateKeyText {
    private static let begin = Array("-----BEGIN PRIVATE KEY-----".utf8)
    /// 1.3.101.112. RFC 8410 §3
    private static let ed25519: [UInt8] = [0x2B, 0x65, 0x70]

    static func seed(_ encoded: [UInt8]) -> [UInt8]? {
        var outer = DERReader((pemContents(encoded) ?? encoded)[...])
        guard let contents = outer.value(DERReader.sequence) else { return nil }
        var info = DERReader(contents)
        guard info.value(DERReader.integer) != nil,
            let algorithm = info.value(DERReader.sequence),
            let key = info.value(DERReader.octetString)
        else { return nil }
        var algorithmReader = DERReader(algorithm)
        var keyReader = DERReader(key)
        guard let oid = algorithmReader.value(DERReader.objectIdentifier),
            oid.elementsEqual(ed25519), let seed = keyReader.value(DERReader.octetString),
            seed.count == 32
        else { return nil }
        return Array(seed)
    }

    private static func pemContents(_ text: [UInt8]) -> [UInt8]? {
        guard let start = text.firstRange(of: begin)?.upperBound,
            let end = text[start...].firstIndex(of: UInt8(ascii: "-"))
        else { return nil }
        return Base64.decodeStrictly(text[start..<end])
    }
}
