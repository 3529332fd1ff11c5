import Crypto
import Foundation

/// Seals secrets for the database: AES-256-GCM under a key that is not in it, with the secret's
/// place as associated data, so that no row's secret can be put into another.
///
///     sealed = %x01 fingerprint(4) nonce(12) ciphertext tag(16)
package struct SecretBox: Sendable {
    /// What a sealed secret has more than what it holds.
    package static let overheadBytes = 33
    private static let version: UInt8 = 1
    private static let fingerprintBytes = 4

    /// Why a secret cannot be read; both are failures of the installation, not of who asks.
    package enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
        /// It was sealed under another key: `sealed` and `own` are their fingerprints.
        case otherKey(place: String, sealed: String, own: String)
        case damaged(place: String)

        /// Whose secret it is: `access key AKIA…`, `DKIM key <selector>._domainkey.<domain>`.
        package var place: String {
            switch self {
            case .otherKey(let place, _, _), .damaged(let place): place
            }
        }

        var isOfOtherKey: Bool {
            if case .otherKey = self { true } else { false }
        }

        package var description: String {
            switch self {
            case .otherKey(let place, let sealed, let own):
                "the secret of \(place) was sealed under the key \(sealed), and this is \(own)"
            case .damaged(let place): "the secret of \(place) is damaged"
            }
        }
    }

    private let key: SymmetricKey
    private let fingerprint: [UInt8]

    package init(_ root: RootKey) {
        key = root.key(for: .secrets)
        fingerprint = root.key(for: .fingerprint).withUnsafeBytes {
            Array($0.prefix(Self.fingerprintBytes))
        }
    }

    /// `secret`, sealed for `place`; another text each time.
    package func seal(_ secret: [UInt8], for place: String) -> [UInt8] {
        guard
            let box = try? AES.GCM.seal(
                secret, using: key, authenticating: Array(place.utf8)),
            let combined = box.combined
        else { preconditionFailure("a key of 32 bytes seals everything below 64 GB") }
        return [Self.version] + fingerprint + combined
    }

    /// What `sealed` holds.
    package func open(_ sealed: [UInt8], from place: String) throws(Failure) -> [UInt8] {
        guard sealed.count >= Self.overheadBytes, sealed.first == Self.version else {
            throw .damaged(place: place)
        }
        let mark = sealed.dropFirst().prefix(Self.fingerprintBytes)
        guard mark.elementsEqual(fingerprint) else {
            throw .otherKey(
                place: place, sealed: Self.text(mark), own: Self.text(fingerprint[...]))
        }
        let combined = Data(sealed.dropFirst(1 + Self.fingerprintBytes))
        guard let box = try? AES.GCM.SealedBox(combined: combined),
            let secret = try? AES.GCM.open(box, using: key, authenticating: Array(place.utf8))
        else { throw .damaged(place: place) }
        return Array(secret)
    }

    private static func text(_ fingerprint: ArraySlice<UInt8>) -> String {
        fingerprint.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
