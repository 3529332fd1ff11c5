import Accounts
import Foundation
import LibCrypto
import Logging
import ObjectStorage
import SQLStorage
import SQLiteDriver
import Storage
import TestSupport
import Testing

@testable import Daemon

@Suite struct SealedSecretsTests {
    /// A server's data folder between two starts.
    private final class Installation: Sendable {
        let folder: String
        let store: SQLStore
        let random = CountingRandom()
        let time = ManualTime()
        var keyPath: String { "\(folder)/keys/secret.key" }

        init() throws {
            folder = try ProjectFiles.temporaryFolder()
            store = try SQLStore(
                database: try SQLiteDatabase(path: "\(folder)/martlet.sqlite"),
                bodies: try DirectoryBodyFiles(
                    folder: "\(folder)/bodies", aside: "\(folder)/damaged"),
                time: time, onSyncFailure: { _ in })
        }

        deinit {
            store.close()
            try? FileManager.default.removeItem(atPath: folder)
        }

        /// What a start does with the secrets.
        func start(forgets: Bool = false) async throws -> Credentials {
            let secrets = SealedSecrets(
                file: SecretKeyFile(folder: "\(folder)/keys"), store: store, forgets: forgets,
                random: random, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let box = SecretBox(try await secrets.rootKey())
            let credentials = Credentials(
                store: store, box: box, regions: ["us-east-1"], time: time, random: random)
            let identities = SendingIdentities(
                store: store,
                maker: DKIMKeyMaker(rsa: LibCryptoRSA(), box: box, time: time, random: random))
            try await credentials.reload()
            try await identities.reload()
            try await secrets.check(credentials, identities)
            return credentials
        }

        func writeKey(_ bytes: [UInt8]) throws {
            try Data(bytes).write(to: URL(fileURLWithPath: keyPath))
        }

        func refusal() async throws -> String {
            let failure = try await #require(throws: Server.Failure.self) {
                _ = try await self.start()
            }
            return "\(failure)"
        }
    }

    private let installation: Installation

    init() throws {
        installation = try Installation()
    }

    @Test(arguments: [0, 31])
    func aFileThatIsNoKeyIsSetAsideOnlyWhereThatIsAsked(_ count: Int) async throws {
        _ = try await installation.start().create(name: "shop")
        let cut = [UInt8](repeating: 7, count: count)
        try installation.writeKey(cut)
        #expect(
            try await installation.refusal().hasPrefix(
                "\(installation.keyPath): it has \(count) bytes"))
        #expect(try await installation.start(forgets: true).records.isEmpty)
        let aside = FileManager.default.contents(atPath: "\(installation.keyPath).unusable-1")
        #expect(aside == Data(cut))
        let made = try await installation.start().create(name: "shop")
        #expect(try await installation.start().records.map(\.id) == [made.key.id])
    }

    @Test func anotherKeyOpensNothingAndAllIsForgottenWhereThatIsAsked() async throws {
        let first = try await installation.start()
        _ = try await first.create(name: "shop")
        _ = try await first.create(name: "news")
        try installation.writeKey([UInt8](repeating: 7, count: RootKey.bytesCount))
        let refusal = try await installation.refusal()
        #expect(refusal.hasPrefix("\(installation.keyPath): the secret of access key AKIA"))
        #expect(refusal.contains("was sealed under the key"))
        #expect(try await installation.start(forgets: true).records.isEmpty)
    }

    @Test func oneDamagedSecretIsNamedAndAloneForgotten() async throws {
        let first = try await installation.start()
        let kept = try await first.create(name: "shop").key
        var hit = try await first.create(name: "news").key
        #expect(try await first.delete(hit.id))
        hit.sealedSecret[hit.sealedSecret.count - 1] ^= 1
        #expect(try await installation.store.insert(hit))
        let refusal = try await installation.refusal()
        #expect(refusal.hasPrefix("the secret of access key \(hit.id) is damaged. "))
        #expect(!refusal.contains(kept.id))
        #expect(refusal.contains("martlet serve --forget-secrets"))
        let left = try await installation.start(forgets: true)
        #expect(left.records.map(\.id) == [kept.id])
        #expect(try await installation.start().records.map(\.id) == [kept.id])
    }
}
