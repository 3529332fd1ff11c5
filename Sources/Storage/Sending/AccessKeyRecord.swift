package import MailModel

/// What a program signs its requests with, and what its SMTP password comes from. AWS: access key
package struct AccessKeyRecord: Sendable, Hashable {
    /// As AWS spells it.
    package enum State: String, Sendable, Codable {
        case active = "Active"
        case inactive = "Inactive"
    }

    /// As of a user's key at AWS.
    package static let idPrefix = "AKIA"
    /// Those after the prefix: 80 bits, at five a character.
    package static let idRandomCharacters = 16

    /// `idPrefix` and `idRandomCharacters` of base32 in upper case (RFC 4648 §6).
    package var id: String
    package var account: AccountID
    /// For people: who uses it.
    package var name: String
    package var state: State
    /// The secret, sealed for `place`.
    package var sealedSecret: [UInt8]
    package var createdAt: Timestamp
    /// Exact to some minutes; nil: never.
    package var usedAt: Timestamp?

    package init(
        id: String, account: AccountID, name: String, state: State = .active,
        sealedSecret: [UInt8], createdAt: Timestamp, usedAt: Timestamp? = nil
    ) {
        self.id = id
        self.account = account
        self.name = name
        self.state = state
        self.sealedSecret = sealedSecret
        self.createdAt = createdAt
        self.usedAt = usedAt
    }

    /// Whether `text` has the form of an id, be there such a key or not.
    package static func isID(_ text: String) -> Bool {
        let bytes = text.utf8
        return bytes.starts(with: idPrefix.utf8)
            && bytes.count == idPrefix.utf8.count + idRandomCharacters
            && bytes.dropFirst(idPrefix.utf8.count).allSatisfy {
                (0x41...0x5A).contains($0) || (0x32...0x37).contains($0)
            }
    }

    /// What its secret is sealed for.
    package var place: String { "access key \(id)" }
}

/// Access keys of all accounts.
package protocol AccessKeyStore: Sendable {
    func accessKeys() async throws(StorageFailure) -> [AccessKeyRecord]
    /// Says whether the id was free.
    func insert(_ key: AccessKeyRecord) async throws(StorageFailure) -> Bool
    /// Says whether it was there.
    func setState(
        _ state: AccessKeyRecord.State, ofAccessKey id: String
    ) async throws(StorageFailure) -> Bool
    /// Writes when keys were used last; those that are gone are passed over.
    func recordUses(_ uses: [String: Timestamp]) async throws(StorageFailure)
    /// Says whether it was there.
    func removeAccessKey(_ id: String) async throws(StorageFailure) -> Bool
}
