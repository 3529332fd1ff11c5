package import MailModel

/// A key that mail of an identity is signed with, was, or will be.
///
/// | state | it signs | its record | what leads out of it |
/// |---|---|---|---|
/// | `pending` | no | is to be published | it is found, and no key of its algorithm signs or the one that does is old → `active` |
/// | `active` | yes | published | its successor signs → `retiring` |
/// | `retiring` | no | stays | no mail in flight carries its signature any more → `retired` |
/// | `retired` | no | may go | a new key takes its selector, or it is removed |
package struct DKIMKeyRecord: Sendable, Hashable {
    package enum Algorithm: String, Sendable, Codable, CaseIterable {
        case rsa
        case ed25519
    }

    /// Who made it. SES: `SigningAttributesOrigin`
    package enum Origin: String, Sendable, Codable {
        /// We, for Easy DKIM.
        case easy = "AWS_SES"
        /// Whoever has the identity.
        case external = "EXTERNAL"
    }

    package enum State: String, Sendable, Codable {
        case pending, active, retiring, retired
    }

    /// What is known of a key but the key itself.
    package struct Facts: Sendable, Hashable, Codable {
        package var algorithm: Algorithm
        package var origin: Origin
        /// Bits of an RSA key's modulus; 256 for Ed25519.
        package var bits: Int
        /// What `p=` of its record says, in base64. RFC 6376 §3.6.1, RFC 8463 §4
        package var publicKey: String
        package var state: State
        /// When it came into its state.
        package var since: Timestamp
        package var createdAt: Timestamp
        /// Since when its record has been seen at each look; nil: it is not there.
        package var foundAt: Timestamp?

        package init(
            algorithm: Algorithm, origin: Origin, bits: Int, publicKey: String, state: State,
            createdAt: Timestamp
        ) {
            self.algorithm = algorithm
            self.origin = origin
            self.bits = bits
            self.publicKey = publicKey
            self.state = state
            self.createdAt = createdAt
            since = createdAt
        }
    }

    package var selector: String
    package var facts: Facts
    /// The private key as DER, sealed for `place`.
    package var sealedPrivateKey: [UInt8]

    package init(selector: String, facts: Facts, sealedPrivateKey: [UInt8]) {
        self.selector = selector
        self.facts = facts
        self.sealedPrivateKey = sealedPrivateKey
    }

    /// What the key of a selector is sealed for.
    package static func place(_ selector: String, of identity: String) -> String {
        "DKIM key \(selector)._domainkey.\(identity)"
    }
}
