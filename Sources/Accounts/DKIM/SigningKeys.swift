package import MailAuthentication
package import MailModel
import Storage
import Synchronization

/// A key that a mail is signed with, and where its record is: `<selector>._domainkey.<domain>`.
package struct SigningKeyUse: Sendable {
    package let domain: Domain
    package let selector: String
    package let key: SigningKey
}

/// The opened keys of what signs now: each is unsealed and read once, at its first use, and
/// forgotten when it signs no more.
final class SigningKeys: Sendable {
    private struct ID: Hashable {
        let identity: String
        let selector: String
        let createdAt: Timestamp
    }

    private let maker: DKIMKeyMaker
    private let opened = Mutex<[ID: SigningKey]>([:])

    init(_ maker: DKIMKeyMaker) {
        self.maker = maker
    }

    /// The keys that mail of `identity` is signed with, RSA first: more receivers know it.
    func uses(of identity: SendingIdentity) throws(SecretBox.Failure) -> [SigningKeyUse] {
        var uses: [SigningKeyUse] = []
        for key in identity.signingKeys {
            uses.append(
                SigningKeyUse(
                    domain: Domain(validatedASCII: identity.name), selector: key.selector,
                    key: try self.key(key, of: identity.name)))
        }
        return uses
    }

    private func key(
        _ record: DKIMKeyRecord, of identity: String
    ) throws(SecretBox.Failure) -> SigningKey {
        let id = Self.id(record, identity)
        if let key = opened.withLock({ $0[id] }) { return key }
        let key = try maker.open(record, of: identity)
        opened.withLock { $0[id] = key }
        return key
    }

    /// Throws where the key cannot be unsealed.
    func check(_ record: DKIMKeyRecord, of identity: String) throws(SecretBox.Failure) {
        _ = try maker.unseal(record, of: identity)
    }

    /// Forgets what none of `identities` signs with.
    func keep(only identities: [SendingIdentity]) {
        let wanted = Set(
            identities.flatMap { identity in
                identity.signingKeys.map { Self.id($0, identity.name) }
            })
        opened.withLock { $0 = $0.filter { wanted.contains($0.key) } }
    }

    private static func id(_ record: DKIMKeyRecord, _ identity: String) -> ID {
        ID(identity: identity, selector: record.selector, createdAt: record.facts.createdAt)
    }
}

extension SendingIdentity {
    /// Those that sign now, RSA first. Keys of the origin that is wanted do while their records are
    /// there, or were lately; those that they are to follow, until then.
    var signingKeys: [DKIMKeyRecord] {
        guard let dkim, dkim.isEnabled else { return [] }
        return keys.filter { key in
            key.facts.state == .active
                && (key.facts.origin != dkim.origin || dkim.watch.status.isUsable)
        }.sorted { left, right in
            left.facts.algorithm == .rsa && right.facts.algorithm != .rsa
        }
    }
}
