import Crypto
import Foundation
package import MailAuthentication
package import MailModel
import Storage

/// Makes the keys of Easy DKIM, reads those that are brought, and opens both for signing.
package struct DKIMKeyMaker: Sendable {
    /// SES: `RSA_2048_BIT`
    private static let rsaBits = 2_048
    /// SES takes keys from 1024 to 2048 bits; an operator may bring larger ones, up to what
    /// verifiers have to take. RFC 8301 §3.2
    package static let broughtBits = 1_024...4_096
    /// SES: `DomainSigningPrivateKey`
    package static let encodedCharactersMax = 20_480
    /// Bytes of a token: 32 characters.
    private static let tokenBytes = 20

    /// Why a key is not taken.
    package enum Problem: Error, Sendable {
        /// The engine failed.
        case notMade
        /// Neither PEM without a password nor the base64 of DER, or of another kind of key.
        case unreadable
        case bits(Int)
    }

    private let rsa: any RSACryptography & RSAKeyMaking
    private let box: SecretBox
    private let time: any TimeSource
    private let random: any RandomSource

    package init(
        rsa: any RSACryptography & RSAKeyMaking, box: SecretBox, time: any TimeSource,
        random: any RandomSource
    ) {
        self.rsa = rsa
        self.box = box
        self.time = time
        self.random = random
    }

    /// A new selector of Easy DKIM. SES: a DKIM token
    func token() -> String { Base32.lower.text(random.bytes(Self.tokenBytes)) }

    /// A new key, not published yet.
    func make(
        _ algorithm: DKIMKeyRecord.Algorithm, at selector: String, of identity: String
    ) async throws(Problem) -> DKIMKeyRecord {
        let encoded: [UInt8]?
        switch algorithm {
        case .rsa: encoded = await rsa.makePrivateKey(bits: Self.rsaBits)
        case .ed25519: encoded = Self.ed25519Prefix + random.bytes(32)
        }
        guard let encoded, let key = SigningKey(encoded, rsa: rsa) else { throw .notMade }
        return try record(key, encoded, .easy, selector, identity)
    }

    /// The key that somebody brings as PEM, or as the base64 of its DER. SES: BYODKIM
    func read(
        _ text: String, at selector: String, of identity: String
    ) throws(Problem) -> DKIMKeyRecord {
        guard text.utf8.count <= Self.encodedCharactersMax else { throw .unreadable }
        let digits = text.filter { !$0.isWhitespace }
        let encoded = Data(base64Encoded: digits).map { Array($0) } ?? Array(text.utf8)
        // Its size is judged before it is: a smaller one is no signing key at all.
        if let small = rsa.privateKey(encoded), !Self.broughtBits.contains(small.bits) {
            throw .bits(small.bits)
        }
        guard let key = SigningKey(encoded, rsa: rsa) else { throw .unreadable }
        return try record(key, encoded, .external, selector, identity)
    }

    private func record(
        _ key: SigningKey, _ encoded: [UInt8], _ origin: DKIMKeyRecord.Origin,
        _ selector: String, _ identity: String
    ) throws(Problem) -> DKIMKeyRecord {
        guard let publicKey = key.publicKey else { throw .notMade }
        let facts = DKIMKeyRecord.Facts(
            algorithm: key.algorithm == .ed25519SHA256 ? .ed25519 : .rsa, origin: origin,
            bits: key.bits, publicKey: Data(publicKey).base64EncodedString(), state: .pending,
            createdAt: time.now())
        return DKIMKeyRecord(
            selector: selector, facts: facts,
            sealedPrivateKey: box.seal(
                encoded, for: DKIMKeyRecord.place(selector, of: identity)))
    }

    /// A key to sign with.
    func open(
        _ record: DKIMKeyRecord, of identity: String
    ) throws(SecretBox.Failure) -> SigningKey {
        guard let key = SigningKey(try unseal(record, of: identity), rsa: rsa) else {
            throw .damaged(place: DKIMKeyRecord.place(record.selector, of: identity))
        }
        return key
    }

    func unseal(
        _ record: DKIMKeyRecord, of identity: String
    ) throws(SecretBox.Failure) -> [UInt8] {
        try box.open(
            record.sealedPrivateKey, from: DKIMKeyRecord.place(record.selector, of: identity))
    }

    /// PKCS#8 around the 32 bytes of an Ed25519 key. RFC 8410 §7
    private static let ed25519Prefix: [UInt8] = [
        0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ]
}
