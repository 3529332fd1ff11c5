import Accounts
import LibCrypto
import RuleEngine
import Storage

/// What is sealed under the secret key: who signs in, and what mails are signed with.
struct SecretParts {
    let root: RootKey
    let credentials: Credentials
    let maker: DKIMKeyMaker
    let identities: SendingIdentities

    /// `forgets`: what cannot be opened with the key that is there is removed.
    init(
        _ configuration: Configuration, _ surroundings: Surroundings, _ spool: SpoolParts,
        forgets: Bool
    ) async throws {
        let (time, random, store) = (surroundings.time, surroundings.random, spool.store)
        let secrets = SealedSecrets(
            file: SecretKeyFile(folder: "\(configuration.dataDirectory)/keys"), store: store,
            forgets: forgets, random: random, log: surroundings.log)
        root = try await secrets.rootKey()
        let box = SecretBox(root)
        credentials = Credentials(
            store: store, box: box, regions: [SESRuleDocument.region], time: time, random: random)
        try await credentials.reload()
        maker = DKIMKeyMaker(rsa: LibCryptoRSA(), box: box, time: time, random: random)
        identities = SendingIdentities(store: store, maker: maker)
        try await identities.reload()
        try await secrets.check(credentials, identities)
    }
}
