import Accounts
import ControlPlane
import DeliveryQueue
import Documents
import Foundation
import LibCrypto
import MailFlow
import MailModel
import NIOCore
import ObjectStorage
import RuleEngine
import SQLStorage
import SQLiteDriver
import Storage
import Synchronization
import TestSupport
import Topics

/// A control plane over a store, body files and rule files of its own, which go with it.
final class Desk: Sendable {
    let folder: String
    let bodies: DirectoryBodyFiles
    let store: SQLStore
    let files = WrittenRules()
    let rules: ActiveRules
    let ruleSets: RuleSets
    let control: ControlPlane
    let zone = ZoneResolver()
    let traces: SessionTraces
    let time = ManualTime()
    let random = CountingRandom()
    let objects = ObjectsInMemory()
    /// How often somebody was told that something is due.
    let releases: Counter
    /// How often rules came into force.
    let activations: Counter

    /// `main` is the active set; it takes no mail yet.
    init() throws {
        let releases = Counter()
        self.releases = releases
        let activations = Counter()
        self.activations = activations
        folder = try ProjectFiles.temporaryFolder()
        bodies = try DirectoryBodyFiles(folder: "\(folder)/bodies", aside: "\(folder)/damaged")
        store = try SQLStore(
            database: try SQLiteDatabase(path: "\(folder)/martlet.sqlite"), bodies: bodies,
            time: time, onSyncFailure: { _ in })
        rules = ActiveRules(store: store)
        traces = SessionTraces(time: time)
        ruleSets = RuleSets(
            files: files, catalogue: .unchecked, configuredActive: "main", rules: rules,
            store: store, time: time,
            onActivation: { _ in activations.add() })
        let identities = IdentityDirectory(store: store)
        guard let root = RootKey(Array(repeating: 7, count: RootKey.bytesCount)) else {
            throw Unexpected()
        }
        let box = SecretBox(root)
        let maker = DKIMKeyMaker(rsa: LibCryptoRSA(), box: box, time: time, random: random)
        let sending = SendingIdentities(store: store, maker: maker)
        let records = SendingRecords(
            serviceDomain: Domain(validatedASCII: "mail.example"),
            hostname: Domain(validatedASCII: "mx.ours.example"))
        let queue = DeliveryQueue(
            store: store, bodies: bodies, courier: NobodyTakes(), office: NobodyIsTold(),
            routes: RouteTable(), time: time, random: random, pause: NobodyWaits(),
            log: NobodyReads(), executor: nil, onDeliveries: {})
        let credentials = Credentials(
            store: store, box: box, regions: ["us-east-1"], time: time, random: random)
        let senders = SenderOperations(
            suppressions: SuppressionOperations(store: store, time: time),
            sentMails: SentMailOperations(store: store, queue: queue, time: time),
            tlsResults: TLSResultOperations(store: store, time: time) {},
            identities: sending,
            setup: SenderSetup(identities: sending, maker: maker, time: time),
            verifier: SendingVerifier(
                identities: sending, resolver: zone, maker: maker, records: records,
                inFlightSecondsMax: 17 * 86_400, time: time),
            records: records)
        let verification = DomainVerification(prefix: "_amazonses")
        let directory = TopicDirectory([:])
        let facts = MailFactsReader(bodies: bodies, returnPaths: nil, guesser: nil)
        control = ControlPlane(
            hostname: "mx.ours.example",
            identities: IdentityOperations(
                directory: identities, verification: verification,
                verifier: DomainVerifier(
                    identities: identities, resolver: zone, verification: verification,
                    senders: sending, time: time),
                senders: senders, time: time, random: random),
            senders: senders, history: SendingHistory(store: store, time: time),
            accessKeys: AccessKeyOperations(credentials),
            ruleSets: ruleSets, rules: rules, mails: store, outbox: store, bodies: bodies,
            facts: facts,
            replayer: Replayer(
                store: store, bodies: bodies,
                candidates: ReplayCandidates(
                    store: store, bodies: bodies, rules: rules, facts: facts, objects: objects,
                    mailBytesMax: 1_000),
                room: NoReplays(), bodyFileThresholdBytes: 1_000, time: time, random: random,
                log: NoReplays()),
            duties: DutyAddresses(
                hostname: "mx.ours.example", identities: identities, returnPaths: nil),
            time: time, random: random,
            topics: TopicOperations(
                directory: directory,
                subscriptions: Subscriptions(
                    store: store, directory: directory, time: time, random: random,
                    canConfirm: false, log: CollectedLog().logger, topicARN: { $0 },
                    onChange: {})),
            queue: ActionQueue(), traces: traces, backups: NoBackups(),
            onRelease: { releases.add() })
    }

    deinit {
        store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: Asking

    func done(_ request: ControlRequest) async throws -> String {
        guard case .done(let text) = await control.perform(request) else { throw Unexpected() }
        return text
    }

    func failure(_ request: ControlRequest) async throws -> ControlFailure {
        guard case .failed(let failure) = await control.perform(request) else {
            throw Unexpected()
        }
        return failure
    }

    func raw(_ mail: MailID, isStored: Bool = false) async throws -> String {
        let answer = await control.perform(.rawMail(id: mail.text, isStored: isStored))
        guard case .raw(let bytes) = answer else { throw Unexpected() }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Mails

    static let head = "X-SES-RECEIPT: x\r\n"
    static let content = "Subject: x\r\n\r\nbody\r\n"

    /// A committed mail; `stored` is what its place holds, which may not be what was accepted.
    func mail(
        in place: MailRecord.BodyPlace, stored: String = head + content
    ) async throws -> MailID {
        let accepted = ByteBuffer(string: Self.head + Self.content)
        var checksum = Checksum()
        checksum.update(accepted)
        guard let recipient = Mailbox("ada@ours.example") else { throw Unexpected() }
        let id = MailID(at: time.now(), random: random)
        let record = MailRecord(
            id: id, account: .main, receivedAt: time.now(), state: .acting,
            envelope: ReceivedEnvelope(
                mailFrom: .null, recipients: [recipient], helo: "client.example",
                peerAddress: "192.0.2.1", tls: nil, isExtended: true, isSMTPUTF8: false,
                is8BitMIME: false),
            ruleSetVersion: "v1", isUntaken: false, bodyPlace: place,
            headLength: Self.head.utf8.count, totalLength: accepted.readableBytes,
            checksum: checksum.value)
        if place == .file {
            let file = try bodies.create(id)
            try file.write(ByteBuffer(string: stored))
            try file.finish()
        }
        let content = place == .row ? ByteBuffer(string: stored) : nil
        try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Void, any Error>) in
            store.accept(AcceptedMail(record: record, content: content)) {
                continuation.resume(with: $0.mapError { $0 as any Error })
            }
        }
        return id
    }

    /// As recovery does it.
    func setAside(_ mail: MailID) async throws {
        guard try await store.move(mail, from: [.acting], to: .damaged) else { throw Unexpected() }
        try bodies.setAside([mail])
    }

    /// Writes that its one action is dead.
    func giveUp(_ mail: MailID, retiring: Bool = true) async throws {
        let now = time.now()
        let action = ActionRecord(
            mail: mail, key: ActionKey(rule: "r", position: 0), kind: "store", state: .dead,
            attempts: 9, firstAttemptAt: now, lastAttemptAt: now, nextAttemptAt: nil,
            disposition: .continueOn, detail: "no such bucket")
        try await store.record([
            MailProgress(
                mail: mail, actions: [action], deliveries: [],
                newState: retiring ? .retired : nil, nextAttemptAt: retiring ? nil : now)
        ])
    }

    func state(of mail: MailID) async throws -> MailRecord.State? {
        try await store.mail(mail)?.state
    }

    struct Unexpected: Error {}
}

/// Rule files as a test writes them.
final class WrittenRules: RuleFiles {
    let folder = "rules"
    private let texts = Mutex<[String: String]>([:])

    func write(_ text: String?, to file: String) { texts.withLock { $0[file] = text } }

    /// Nil while files can be written.
    private let refusal = Mutex<StorageFailure?>(nil)

    func refuse(_ failure: StorageFailure?) { refusal.withLock { $0 = failure } }

    func text(_ file: String) -> String? { texts.withLock { $0[file] } }

    var names: [String] { texts.withLock { $0.keys.sorted() } }

    func write(_ text: String, as name: String) throws(StorageFailure) {
        if let failure = refusal.withLock({ $0 }) { throw failure }
        write(text, to: name)
    }

    func read() throws(DocumentProblems) -> [(file: String, text: String)] {
        texts.withLock { texts in
            texts.sorted { $0.key < $1.key }
                .filter { $0.key.hasSuffix(".yaml") || $0.key.hasSuffix(".list") }
                .map { ($0.key, $0.value) }
        }
    }

    /// A rule set with one rule, for `domain`.
    static func ruleSet(_ name: String, for domain: String) -> String {
        """
        ruleSet: \(name)
        rules:
          - name: all
            recipients: [\(domain)]
            actions:
              - stop

        """
    }
}

final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    var count: Int { value.load(ordering: .relaxed) }
    func add() { value.add(1, ordering: .relaxed) }
}
