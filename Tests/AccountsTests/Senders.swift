import Accounts
import DNS
import LibCrypto
import MailModel
import Storage
import Synchronization
import TestSupport

/// What identities send with, over a store in memory, and a zone that a test writes.
final class Senders: Sendable {
    let store: SenderList
    let zone = ZoneResolver()
    let time = ManualTime()
    let identities: SendingIdentities
    let setup: SenderSetup
    let verifier: SendingVerifier
    let records: SendingRecords
    static let domain = Domain(validatedASCII: "ours.example")

    /// `root`: each byte of the root key.
    init(
        store: SenderList = SenderList(), root: UInt8 = 7,
        serviceDomain: Domain? = Domain(validatedASCII: "mail.example")
    ) {
        guard let root = RootKey(Array(repeating: root, count: RootKey.bytesCount)) else {
            preconditionFailure("a key of its length")
        }
        let maker = DKIMKeyMaker(
            rsa: LibCryptoRSA(), box: SecretBox(root), time: time, random: CountingRandom())
        records = SendingRecords(
            serviceDomain: serviceDomain, hostname: Domain(validatedASCII: "mx.mail.example"))
        self.store = store
        identities = SendingIdentities(store: store, maker: maker)
        setup = SenderSetup(identities: identities, maker: maker, time: time)
        verifier = SendingVerifier(
            identities: identities, resolver: zone, maker: maker, records: records,
            inFlightSecondsMax: 17 * 86_400, time: time)
    }

    /// Publishes what every key of the domain is to have.
    func publish() {
        for key in identities.record(of: Self.domain.ascii)?.keys ?? [] {
            zone.put(
                "\(key.selector)._domainkey.\(Self.domain)", .txt,
                [.txt("v=DKIM1; k=\(key.facts.algorithm.rawValue); ", "p=\(key.facts.publicKey)")])
        }
    }

    var states: [DKIMKeyRecord.State] {
        identities.record(of: Self.domain.ascii)?.keys.map(\.facts.state) ?? []
    }

    var status: IdentityRecord.Status? {
        identities.record(of: Self.domain.ascii)?.dkim?.watch.status
    }

    func pass(days: Int64) async throws {
        time.advance(seconds: days * 86_400)
        _ = try await verifier.runDue(trusted: time.now())
    }
}

/// A `SendingIdentityStore` that forgets; the suite of the real ones is `SenderStoreTests`.
final class SenderList: SendingIdentityStore {
    private let records = Mutex<[String: SendingIdentity]>([:])

    func sendingIdentities(
        of account: AccountID
    ) async throws(StorageFailure) -> [SendingIdentity] {
        records.withLock { Array($0.values) }
    }

    func replace(
        _ old: SendingIdentity?, with new: SendingIdentity
    ) async throws(StorageFailure) -> Bool {
        records.withLock { records in
            guard records[new.name] == old else { return false }
            records[new.name] = new
            return true
        }
    }
}
